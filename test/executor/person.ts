import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFolder } from '../../scripts/fixtures.ts';
import type { Outcome, Plan } from './driver.ts';

/** An ordinary user who exists in the test's own mount namespace only. */
const PERSON = { name: 'polyarch-person', id: 61234 };

/**
 * Runs the driver as an ordinary user, with or without subordinate ids; as root, so that the machine's own accounts
 * stay as they are: the account files are covered in a mount namespace of the test's own.
 */
export async function runAsPerson(
  folder: string,
  plan: Omit<Plan, 'folder'>,
  options: { subordinate: boolean },
): Promise<Outcome> {
  const home = join(folder, 'person');
  mkdirSync(home);
  const files: Readonly<Record<string, string>> = {
    '/etc/passwd': `${readFileSync('/etc/passwd', 'utf8')}${PERSON.name}:x:${PERSON.id}:${PERSON.id}::${home}:/bin/sh\n`,
    '/etc/group': `${readFileSync('/etc/group', 'utf8')}${PERSON.name}:x:${PERSON.id}:\n`,
    '/etc/subuid': options.subordinate ? `${PERSON.name}:700000:65536\n` : '\n',
    '/etc/subgid': options.subordinate ? `${PERSON.id}:700000:65536\n` : '\n',
  };
  // The checkout may lie where that user cannot go.
  const checkout = join(folder, 'checkout');
  mkdirSync(checkout);
  const lines = [`mount --bind ${projectFolder} ${checkout}`, `chown -R ${PERSON.id}:${PERSON.id} ${home}`];
  for (const [index, [file, text]] of Object.entries(files).entries()) {
    const cover = join(folder, `cover-${index}`);
    writeFileSync(cover, text);
    // A machine without the file has no account in it either.
    lines.push(`test ! -e ${file} || mount --bind ${cover} ${file}`);
  }
  chmodSync(folder, 0o711);
  const inside = (path: string): string => path.replace(projectFolder, checkout);
  const driver = fileURLToPath(new URL('driver.ts', import.meta.url));
  const environment = ['env', '-i', `HOME=${home}`, `PATH=${process.env['PATH'] ?? ''}`];
  const identity = ['setpriv', `--reuid=${PERSON.id}`, `--regid=${PERSON.id}`, '--clear-groups'];
  const node = [inside(process.execPath), '--disable-warning=ExperimentalWarning', inside(driver)];
  lines.push(`cd / && exec "$@"`);
  const child = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-ec', lines.join('\n'), 'sh'].concat(identity, environment, node, [
      JSON.stringify({ ...plan, folder: home }),
    ]),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  if (output === '') throw new Error('the driver said nothing');
  // Printed by driver.ts.
  return JSON.parse(output) as Outcome;
}
