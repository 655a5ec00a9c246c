import { join } from 'node:path';
import type { RegistryClient } from '../registry/client.ts';
import type { CredentialSource } from '../registry/credentials.ts';
import type { HostOptions } from '../registry/host-options.ts';
import type { HostTable } from '../registry/hosts.ts';
import type { HubClient } from '../registry/hub.ts';
import type { RetryNotice } from '../registry/retry.ts';
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

export interface OpenRegistriesOptions {
  /** Hosts that may have any certificate, or none. */
  readonly insecure?: readonly string[];
  /** Default: Docker's. */
  readonly credentials?: CredentialSource;
  /** False: what is asked is the registry itself; default true. */
  readonly mirrors?: boolean;
}

/** The client of all registries, which connects to nothing yet. */
export async function openRegistries(
  options: RegistryOptions,
  more: OpenRegistriesOptions = {},
): Promise<RegistryClient> {
  const [{ RegistryClient }, { folderUploadSessions }, hosts, shared] = await Promise.all([
    import('../registry/client.ts'),
    import('../registry/upload-sessions.ts'),
    hostTable(options, more.insecure ?? []),
    sharedSettings(options),
  ]);
  const own = Object.entries(hosts).map(([host, settings]) => [host, { ...settings, mirrors: [] }] as const);
  return new RegistryClient({
    ...shared,
    hosts: more.mirrors === false ? Object.fromEntries(own) : hosts,
    ...(more.credentials === undefined ? {} : { credentials: more.credentials }),
    uploads: folderUploadSessions(join(storePaths(options.home).home, 'uploads')),
    onMirrorFailure: options.notice,
  });
}

/** Docker Hub's own API: at POLYARCH_HUB_URL, else at the `url` of `[hub]` in config.toml, else where it is for everybody. */
export async function openHub(options: RegistryOptions): Promise<HubClient> {
  const [{ HubClient }, { readHubAddress }, shared] = await Promise.all([
    import('../registry/hub.ts'),
    import('../registry/config.ts'),
    sharedSettings(options),
  ]);
  const address = options.env['POLYARCH_HUB_URL'] || (await readHubAddress(configFile(options)));
  return new HubClient({ ...shared, ...(address === undefined ? {} : { address }) });
}

function configFile({ configHome }: RegistryOptions): string {
  return join(configHome, 'config.toml');
}

async function hostTable(options: RegistryOptions, insecure: readonly string[]): Promise<HostTable> {
  const [{ readRegistryConfig }, { hostsFromOptions, hostsFromEnvironment }, { mergeHostTables }] = await Promise.all([
    import('../registry/config.ts'),
    import('../registry/host-options.ts'),
    import('../registry/hosts.ts'),
  ]);
  return mergeHostTables(
    await readRegistryConfig(configFile(options), { otherSections: ['hub'] }),
    hostsFromEnvironment(options.env),
    hostsFromOptions(options.hosts ?? {}),
    hostsFromOptions({ insecure }),
  );
}

async function sharedSettings(options: RegistryOptions) {
  const [{ dockerCredentials }, { proxyFromEnvironment }] = await Promise.all([
    import('../registry/docker-config.ts'),
    import('../registry/proxy.ts'),
  ]);
  return {
    credentials: dockerCredentials({ folder: options.dockerConfig, env: options.env, onWarning: options.notice }),
    proxy: proxyFromEnvironment(options.env),
    onRetry: ({ message, delay }: RetryNotice) =>
      options.notice(`retrying${delay < 1000 ? '' : ` in ${Math.ceil(delay / 1000)} s`}: ${message}`),
  };
}
