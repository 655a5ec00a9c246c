import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../scripts/install-tools.ts';
import { run } from '../scripts/process.ts';
import type { Contender } from './contender.ts';
import type { EmulatedNamespace } from '../scripts/emulated-namespace.ts';

/** Debian's buildah with its storage below `folder`; nothing when it is not installed. */
export async function buildahContender(options: {
  folder: string;
  mirror: string;
  registry: string;
  namespace: EmulatedNamespace;
}): Promise<Contender | undefined> {
  const program = findTool('buildah');
  if (program === undefined) return undefined;
  const folder = join(options.folder, 'buildah');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'registries.conf'),
    [
      'unqualified-search-registries = ["docker.io"]',
      '[[registry]]',
      'prefix = "docker.io"',
      `location = "${options.mirror}"`,
      'insecure = true',
      '[[registry]]',
      `location = "${options.registry}"`,
      'insecure = true',
      '',
    ].join('\n'),
  );
  writeFileSync(join(folder, 'policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
  writeFileSync(
    join(folder, 'storage.conf'),
    `[storage]\ndriver = "overlay"\ngraphroot = "${join(folder, 'root')}"\nrunroot = "${join(folder, 'run')}"\n`,
  );
  const env = {
    ...process.env,
    CONTAINERS_REGISTRIES_CONF: join(folder, 'registries.conf'),
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
    BUILDAH_ISOLATION: 'chroot',
    _CONTAINERS_USERNS_CONFIGURED: 'done',
  };
  const buildah = (argv: readonly string[]) => run(options.namespace.enter([program, ...argv]), { env });
  const version = /version (\S+)/.exec((await buildah(['--version'])).stdout)?.[1] ?? 'unknown';
  const policy = ['--signature-policy', join(folder, 'policy.json')];
  return {
    name: 'buildah',
    version,
    build: async ({ context, platforms, push, noCache }) => {
      const name = push ?? 'localhost/bench/nowhere';
      await run(options.namespace.enter([program, 'manifest', 'rm', name]), { env, allowFailure: true });
      const cache = noCache === true ? ['--no-cache'] : ['--layers'];
      const target = ['--platform', platforms.join(','), '--manifest', name, '--network', 'host', '--quiet', context];
      await buildah(['build', ...policy, ...cache, ...target]);
      if (push !== undefined)
        await buildah([
          'manifest',
          'push',
          '--tls-verify=false',
          ...policy,
          '--all',
          '--quiet',
          name,
          `docker://${push}`,
        ]);
    },
    prune: async () => {
      await buildah(['rmi', '--all', '--force']);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
