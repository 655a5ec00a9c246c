import { join } from 'node:path';
import { buildkitdMissing, startBuildkitd } from '../scripts/buildkitd.ts';
import type { EmulatedNamespace } from '../scripts/emulated-namespace.ts';
import { findPeer, peerVersion } from '../scripts/peers.ts';
import { run } from '../scripts/process.ts';
import type { Contender } from './contender.ts';

/** A warm buildkitd of the bench's own, and the two clients that drive it. */
export interface BuildkitPeers extends AsyncDisposable {
  readonly contenders: readonly Contender[];
}

/** Starts buildkitd with its state below `folder`; nothing when it was not built. */
export async function startBuildkit(options: {
  folder: string;
  mirror: string;
  registry: string;
  namespace: EmulatedNamespace;
}): Promise<BuildkitPeers | undefined> {
  if (buildkitdMissing() !== undefined) return undefined;
  const { mirror, registry, namespace } = options;
  const folder = join(options.folder, 'buildkit');
  const daemon = await startBuildkitd({ folder, mirror, plain: [registry], enter: (argv) => namespace.enter(argv) });
  const shared = {
    prune: async () => {
      await daemon.buildctl(['prune', '--all']);
    },
    daemonPid: daemon.pid,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const contenders: Contender[] = [
    {
      ...shared,
      name: 'buildctl',
      version: peerVersion('buildctl'),
      build: async ({ context, platforms, push, noCache }) => {
        const locals = ['--local', `context=${context}`, '--local', `dockerfile=${context}`];
        const output = push === undefined ? [] : ['--output', `type=image,name=${push},push=true`];
        const cache = noCache === true ? ['--no-cache'] : [];
        const platform = ['--opt', `platform=${platforms.join(',')}`];
        await daemon.buildctl(['build', '--frontend', 'dockerfile.v0', ...locals, ...platform, ...output, ...cache]);
      },
    },
  ];
  const buildx = findPeer('buildx');
  if (buildx !== undefined) {
    const env = { ...process.env, BUILDX_CONFIG: join(folder, 'buildx'), BUILDX_NO_DEFAULT_ATTESTATIONS: '1' };
    await run([buildx, 'create', '--name', 'bench', '--driver', 'remote', '--use', daemon.address], { env });
    contenders.push({
      ...shared,
      name: 'buildx',
      version: peerVersion('buildx'),
      build: async ({ context, platforms, push, noCache }) => {
        const output = push === undefined ? ['--output', 'type=cacheonly'] : ['--push', '-t', push];
        const cache = noCache === true ? ['--no-cache'] : [];
        const argv = ['build', '--progress', 'quiet', '--platform', platforms.join(','), ...output, ...cache, context];
        await run([buildx, ...argv], { env });
      },
    });
  }
  return { contenders, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}
