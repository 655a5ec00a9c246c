import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPeer, peerVersion } from '../scripts/peers.ts';
import { run } from '../scripts/process.ts';
import type { Contender } from './contender.ts';
import type { EmulatedNamespace } from './emulated-namespace.ts';

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
  const daemon = findPeer('buildkitd');
  const buildctl = findPeer('buildctl');
  if (daemon === undefined || buildctl === undefined) return undefined;
  const folder = join(options.folder, 'buildkit');
  mkdirSync(folder, { recursive: true });
  const socket = `unix://${join(folder, 'socket')}`;
  const config = join(folder, 'buildkitd.toml');
  writeFileSync(
    config,
    [
      '[registry."docker.io"]',
      `  mirrors = ["${options.mirror}"]`,
      ...[options.mirror, options.registry].flatMap((host) => [`[registry."${host}"]`, '  http = true']),
      '',
    ].join('\n'),
  );
  const flags = ['--config', config, '--addr', socket, '--root', join(folder, 'root'), '--oci-worker-net=host'];
  const [command = '', ...args] = options.namespace.enter([daemon, ...flags, '--containerd-worker=false']);
  const log = openSync(join(folder, 'log'), 'a');
  const child = spawn(command, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  const client = (argv: readonly string[]) => run([buildctl, '--addr', socket, ...argv], {});
  for (
    let tries = 0;
    (await run([buildctl, '--addr', socket, 'debug', 'workers'], { allowFailure: true })).code !== 0;
    tries++
  ) {
    if (tries > 100 || child.exitCode !== null) throw new Error(`buildkitd did not start: see ${join(folder, 'log')}`);
    await sleep(100);
  }
  const shared = {
    prune: async () => {
      await client(['prune', '--all']);
    },
    ...(child.pid === undefined ? {} : { daemonPid: child.pid }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const contenders: Contender[] = [
    {
      ...shared,
      name: 'buildctl',
      version: peerVersion('buildctl'),
      build: async ({ context, platforms, push, noCache }) => {
        const frontend = [
          '--frontend',
          'dockerfile.v0',
          '--local',
          `context=${context}`,
          '--local',
          `dockerfile=${context}`,
        ];
        const output = push === undefined ? [] : ['--output', `type=image,name=${push},push=true`];
        const cache = noCache === true ? ['--no-cache'] : [];
        await client(['build', ...frontend, '--opt', `platform=${platforms.join(',')}`, ...output, ...cache]);
      },
    },
  ];
  const buildx = findPeer('buildx');
  if (buildx !== undefined) {
    const env = { ...process.env, BUILDX_CONFIG: join(folder, 'buildx'), BUILDX_NO_DEFAULT_ATTESTATIONS: '1' };
    await run([buildx, 'create', '--name', 'bench', '--driver', 'remote', '--use', socket], { env });
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
  return {
    contenders,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
