import { join } from 'node:path';
import type { RegistryClient } from '../registry/client.ts';
import type { CredentialSource } from '../registry/credentials.ts';
import type { HostOptions } from '../registry/host-options.ts';
import { storePaths } from '../worker/paths.ts';

/** How registries are reached. */
export interface RegistryOptions {
  /** The store's folder: uploads under way are remembered there. */
  readonly home: string;
  /** The folder of `config.toml`. */
  readonly configHome: string;
  /** The folder of Docker's `config.json`. */
  readonly dockerConfig: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--registry-*` */
  readonly hosts?: HostOptions;
  readonly notice: (text: string) => void;
}

/** The client of all registries, which connects to nothing yet; `insecure` hosts may have any certificate, or none. */
export async function openRegistries(
  options: RegistryOptions,
  more: { readonly insecure?: readonly string[]; readonly credentials?: CredentialSource } = {},
): Promise<RegistryClient> {
  const [
    { RegistryClient },
    { dockerCredentials },
    { readRegistryConfig },
    { hostsFromOptions, hostsFromEnvironment },
    { mergeHostTables },
    { folderUploadSessions },
    { proxyFromEnvironment },
  ] = await Promise.all([
    import('../registry/client.ts'),
    import('../registry/docker-config.ts'),
    import('../registry/config.ts'),
    import('../registry/host-options.ts'),
    import('../registry/hosts.ts'),
    import('../registry/upload-sessions.ts'),
    import('../registry/proxy.ts'),
  ]);
  const file = await readRegistryConfig(join(options.configHome, 'config.toml'));
  const hosts = mergeHostTables(
    file,
    hostsFromEnvironment(options.env),
    hostsFromOptions(options.hosts ?? {}),
    hostsFromOptions({ insecure: more.insecure ?? [] }),
  );
  const folder = { folder: options.dockerConfig, env: options.env };
  return new RegistryClient({
    hosts,
    credentials: more.credentials ?? dockerCredentials({ ...folder, onWarning: options.notice }),
    uploads: folderUploadSessions(join(storePaths(options.home).home, 'uploads')),
    proxy: proxyFromEnvironment(options.env),
    onRetry: ({ message, delay }) =>
      options.notice(`retrying${delay < 1000 ? '' : ` in ${Math.ceil(delay / 1000)} s`}: ${message}`),
    onMirrorFailure: options.notice,
  });
}
