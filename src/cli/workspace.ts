import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { RegistryOptions } from '../build/registries.ts';
import type { Workspace, WorkspaceOptions } from '../build/workspace.ts';
import type { CliContext } from './context.ts';
import { collect } from './flag-values.ts';

export { collect, hostPlatform } from './flag-values.ts';

/** The flags with which a command reaches registries. */
export interface RegistryFlags {
  readonly registryMirror?: string[];
  readonly registryHttp?: string[];
  readonly registryInsecure?: string[];
  readonly registryCa?: string[];
}

export function registryFlags(command: Command): Command {
  return command
    .option(
      '--registry-mirror <host=url>',
      'where to pull a registry’s images from first, e.g. docker.io=http://127.0.0.1:5000',
      collect,
    )
    .option('--registry-http <host>', 'speak plain http with this registry', collect)
    .option('--registry-insecure <host>', 'take any certificate of this registry', collect)
    .option('--registry-ca <host=file>', 'trust this certificate authority for a registry', collect);
}

export async function openWorkspace(
  context: CliContext,
  flags: RegistryFlags,
  more: Pick<WorkspaceOptions, 'workerStdio' | 'hold'> = {},
): Promise<Workspace> {
  const { Workspace } = await import('../build/workspace.ts');
  return Workspace.open({
    ...registryOptions(context, flags),
    workerEntry: context.program,
    ...more,
    signal: context.signal,
  });
}

/** How a command reaches registries, for those that need neither store nor worker. */
export function registryOptions(context: CliContext, flags: RegistryFlags): RegistryOptions {
  const { env } = context;
  return {
    home: context.home,
    configHome: context.configHome,
    dockerConfig: env['DOCKER_CONFIG'] || join(env['HOME'] ?? homedir(), '.docker'),
    env,
    hosts: {
      mirrors: flags.registryMirror ?? [],
      http: flags.registryHttp ?? [],
      insecure: flags.registryInsecure ?? [],
      ca: flags.registryCa ?? [],
    },
    notice: context.notice,
  };
}

/** Where Docker listens, when there is one. */
export function dockerSocket(env: CliContext['env']): string | undefined {
  const host = env['DOCKER_HOST'];
  const socket = host === undefined || host === '' ? '/var/run/docker.sock' : host.replace(/^unix:\/\//, '');
  return socket.startsWith('/') && existsSync(socket) ? socket : undefined;
}
