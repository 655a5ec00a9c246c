import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixturePath, projectFolder } from './fixtures.ts';
import { findTool } from './install-tools.ts';
import { run } from './process.ts';
import { lock } from '../src/util/lock.ts';

interface Peer {
  /** Folder with the go.mod that names its version. */
  readonly folder: string;
  /** What is built, as `go build` names it. */
  readonly source: string;
  /** The module whose version is the peer's. */
  readonly module: string;
}

const builders = 'test/peers';
const registries = 'test/peers/registries';

/** Programs of other projects that tests and the bench compare with, and registries that tests push to. */
const peers = {
  buildkitd: { folder: builders, source: 'github.com/moby/buildkit/cmd/buildkitd', module: 'github.com/moby/buildkit' },
  buildctl: { folder: builders, source: 'github.com/moby/buildkit/cmd/buildctl', module: 'github.com/moby/buildkit' },
  buildx: { folder: builders, source: 'github.com/docker/buildx/cmd/buildx', module: 'github.com/docker/buildx' },
  crane: {
    folder: builders,
    source: 'github.com/google/go-containerregistry/cmd/crane',
    module: 'github.com/google/go-containerregistry',
  },
  distribution: { folder: registries, source: './distribution', module: 'github.com/distribution/distribution/v3' },
  'memory-registry': { folder: registries, source: './memory', module: 'cuelabs.dev/go/oci/ociregistry' },
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof peers;

export const benchPeers: readonly PeerName[] = ['crane', 'buildctl', 'buildx', 'buildkitd'];
/** What tests need, by a word in the names of the folders of those that do. */
export const testPeers: Readonly<Record<string, readonly PeerName[]>> = {
  registries: ['memory-registry', 'distribution'],
  compat: ['buildkitd', 'buildctl'],
};

const peerNames: readonly PeerName[] = [...new Set([...Object.values(testPeers).flat(), ...benchPeers])];

/** The path of a peer that was built before, for the versions its go.mod names now. */
export function findPeer(name: PeerName): string | undefined {
  const path = join(folderOf(peers[name]), name);
  return existsSync(path) ? path : undefined;
}

/** Where a peer is: another version, or other source of ours, has another place. */
function folderOf({ folder, source }: Peer): string {
  const hash = createHash('sha256').update(readFileSync(join(projectFolder, folder, 'go.sum')));
  if (source.startsWith('./')) hash.update(readFileSync(join(projectFolder, folder, source, 'main.go')));
  return fixturePath('peers', hash.digest('hex').slice(0, 16));
}

/** The version of a peer's module, as its go.mod has it. */
export function peerVersion(name: PeerName): string {
  const { folder, module } = peers[name];
  const text = readFileSync(join(projectFolder, folder, 'go.mod'), 'utf8');
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
  for (const name of missing) {
    if (findPeer(name) !== undefined) continue;
    const peer = peers[name];
    mkdirSync(folderOf(peer), { recursive: true });
    const began = Date.now();
    const build = [go, 'build', '-trimpath', '-ldflags=-s -w', '-o', join(folderOf(peer), name), peer.source];
    // Minutes of both cores, beside whatever else is made.
    const argv = ['nice', '-n', '19', ...build];
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' };
    const result = await run(argv, { cwd: join(projectFolder, peer.folder), env, allowFailure: true });
    if (result.code === 0) log(`${name} ${peerVersion(name)}: built in ${Math.round((Date.now() - began) / 1000)} s`);
    else log(`without ${name}: go build failed: ${result.stderr.trim().split('\n').slice(-3).join(' | ')}`);
  }
}

if (import.meta.main) await ensurePeers(peerNames, { log: (line) => console.log(line) });
