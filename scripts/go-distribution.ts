import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixturePath } from './fixtures.ts';
import { run } from './process.ts';

/** What a build needs of a distribution of Go. */
const PARTS = ['VERSION', 'go.env', 'bin', 'pkg', 'src', 'lib'];

/**
 * Go's own distribution of a release (`1.25.4`) for an architecture, fetched and checked by the go command, kept in the fixtures
 * folder; it belongs to `/usr/local/go`.
 */
export async function goDistribution(release: string, architecture: string): Promise<string> {
  const place = fixturePath('go', `${release}-${architecture}`);
  if (existsSync(place)) return place;
  const module = `golang.org/toolchain@v0.0.1-go${release}.linux-${architecture}`;
  const { stdout } = await run(['go', 'mod', 'download', '-json', module], { cwd: tmpdir() });
  // As `go help mod download` says.
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  mkdirSync(fixturePath('go'), { recursive: true });
  const draft = mkdtempSync(`${place}.`);
  const root = join(draft, 'go');
  mkdirSync(root);
  for (const part of PARTS) cpSync(join(Dir, part), join(root, part), { recursive: true });
  await run(['chmod', '-R', 'u+w', root], {});
  // A module's zip has no modes.
  for (const folder of ['bin', `pkg/tool/linux_${architecture}`]) {
    for (const name of readdirSync(join(root, folder))) chmodSync(join(root, folder, name), 0o755);
  }
  renameSync(root, place);
  rmSync(draft, { recursive: true });
  return place;
}
