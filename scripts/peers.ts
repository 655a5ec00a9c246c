import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixturePath, projectFolder } from './fixtures.ts';
import { findTool } from './install-tools.ts';
import { run } from './process.ts';
import { lock } from '../src/util/lock.ts';

/** Programs of other projects that tests and the bench compare with: the `tool` lines of test/peers/go.mod. */
const sources = {
  buildkitd: 'github.com/moby/buildkit/cmd/buildkitd',
  buildctl: 'github.com/moby/buildkit/cmd/buildctl',
  buildx: 'github.com/docker/buildx/cmd/buildx',
  crane: 'github.com/google/go-containerregistry/cmd/crane',
} as const;

export type PeerName = keyof typeof sources;

export const peerNames: readonly PeerName[] = ['crane', 'buildctl', 'buildx', 'buildkitd'];

/** The path of a peer that was built before, for the versions test/peers/go.mod names now. */
export function findPeer(name: PeerName): string | undefined {
  const path = join(folder(), name);
  return existsSync(path) ? path : undefined;
}

function folder(): string {
  const pinned = readFileSync(join(projectFolder, 'test/peers/go.sum'));
  return fixturePath('peers', createHash('sha256').update(pinned).digest('hex').slice(0, 16));
}

/** The version of a peer's module, as test/peers/go.mod has it. */
export function peerVersion(name: PeerName): string {
  const module = sources[name].split('/').slice(0, 3).join('/');
  const text = readFileSync(join(projectFolder, 'test/peers/go.mod'), 'utf8');
  return new RegExp(`${module} (v\\S+)`).exec(text)?.[1] ?? 'unknown';
}

/**
 * Builds the peers that are not there yet, with the machine's own Go and modules from its module proxy.
 * Says what it leaves out and why; never fails.
 */
export async function ensurePeers(
  names: readonly PeerName[],
  options: { log?: (line: string) => void } = {},
): Promise<void> {
  const log = options.log ?? (() => undefined);
  const missing = names.filter((name) => findPeer(name) === undefined);
  if (missing.length === 0) return;
  const go = findTool('go');
  if (go === undefined) return log(`without ${missing.join(', ')}: Go is not installed`);
  using _held = await lock(fixturePath('peers.lock'));
  mkdirSync(folder(), { recursive: true });
  for (const name of missing) {
    if (findPeer(name) !== undefined) continue;
    const began = Date.now();
    const build = [go, 'build', '-trimpath', '-ldflags=-s -w', '-o', join(folder(), name), sources[name]];
    // Minutes of both cores, beside whatever else is made.
    const argv = ['nice', '-n', '19', ...build];
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' };
    const result = await run(argv, { cwd: join(projectFolder, 'test/peers'), env, allowFailure: true });
    if (result.code === 0) log(`${name} ${peerVersion(name)}: built in ${Math.round((Date.now() - began) / 1000)} s`);
    else log(`without ${name}: go build failed: ${result.stderr.trim().split('\n').slice(-3).join(' | ')}`);
  }
}

if (import.meta.main) await ensurePeers(peerNames, { log: (line) => console.log(line) });
