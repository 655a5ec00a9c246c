import { settingsFailure } from './settings-failure.ts';

/** What is configured for one registry host. Files are absolute paths, read when a connection needs them. */
export interface HostSettings {
  /** Tried in order before the registry itself, for reading only: `[http[s]://]HOST[:PORT][/PREFIX]`. */
  readonly mirrors?: readonly string[];
  /** Plain HTTP only. */
  readonly http?: boolean;
  /** Do not verify the certificate, and speak plain HTTP where the host does not speak TLS. */
  readonly insecure?: boolean;
  /** PEM files of certificate authorities trusted beside the system's. */
  readonly ca?: readonly string[];
  /** PEM files of a client certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
}

/** Settings by host as it stands in an image reference: `docker.io`, `registry.example:5000`. */
export type HostTable = Readonly<Record<string, HostSettings>>;

export type Scheme = 'http' | 'https';

export interface TlsSettings {
  readonly insecure: boolean;
  readonly ca: readonly string[];
  readonly cert?: string;
  readonly key?: string;
}

/** One place that serves a registry's repositories. */
export interface Endpoint {
  /** Tried in order until one speaks; remembered per process. */
  readonly schemes: readonly Scheme[];
  /** `HOST` or `HOST:PORT`. */
  readonly host: string;
  /** Goes between `/v2` and the repository: empty or `/proxy-cache`. */
  readonly prefix: string;
  readonly capabilities: readonly ('pull' | 'push')[];
  readonly tls: TlsSettings;
  /** The host that credentials are kept under. */
  readonly credentialHost: string;
  /** For messages: the registry that this one mirrors. */
  readonly mirrorOf?: string;
}

/** Docker Hub under every name it goes by; references say `docker.io`, its API lives at `registry-1.docker.io`. */
const DOCKER_HUB = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']);

/** The name a host's settings and credentials are kept under. */
export function canonicalDomain(domain: string): string {
  const lower = domain.toLowerCase();
  return DOCKER_HUB.has(lower) ? 'docker.io' : lower;
}

/**
 * The endpoints of a registry in the order they are tried: its mirrors (pull only), then itself.
 * Fails with REGISTRY_CONFIG on a mirror that is no address.
 */
export function resolveHosts(domain: string, hosts: HostTable = {}): Endpoint[] {
  const name = canonicalDomain(domain);
  const own = hosts[name];
  const mirrors = (own?.mirrors ?? []).map((mirror) => mirrorEndpoint(mirror, name, hosts));
  const host = name === 'docker.io' ? 'registry-1.docker.io' : name;
  return [
    ...mirrors,
    {
      schemes: schemesOf(host, own),
      host,
      prefix: '',
      capabilities: ['pull', 'push'],
      tls: tlsOf(own),
      credentialHost: name,
    },
  ];
}

function mirrorEndpoint(mirror: string, mirrorOf: string, hosts: HostTable): Endpoint {
  const match = /^(?:(https?):\/\/)?([^/?#@\s]+)((?:\/[^/?#\s]+)*)\/?$/i.exec(mirror);
  const host = match?.[2]?.toLowerCase();
  if (match === null || host === undefined || !URL.canParse(`https://${host}`)) {
    throw settingsFailure(
      'REGISTRY_CONFIG',
      `mirror ${JSON.stringify(mirror.replace(/[^/]*@/, '***@'))} of ${mirrorOf} is no host`,
      {
        hint: mirror.includes('@')
          ? 'Write a mirror without user and password: those belong into Docker’s config.json, under its host.'
          : 'Write a mirror as HOST[:PORT][/PREFIX], with http:// before it for plain HTTP.',
      },
    );
  }
  const own = hosts[host];
  // The case is ignored as in every address.
  const scheme = match[1]?.toLowerCase() as Scheme | undefined;
  return {
    schemes: scheme === undefined ? schemesOf(host, own) : [scheme],
    host,
    prefix: (match[3] ?? '').replace(/^\/v2(?=\/|$)/, ''),
    capabilities: ['pull'],
    tls: tlsOf(own),
    credentialHost: canonicalDomain(host),
    mirrorOf,
  };
}

function schemesOf(host: string, own: HostSettings | undefined): Scheme[] {
  if (own?.http === true) return ['http'];
  if (own?.insecure === true) return ['https', 'http'];
  // A wrong first guess on loopback costs next to nothing; `http = false` asks for TLS.
  return isLoopback(host) && own?.http !== false ? ['http', 'https'] : ['https'];
}

function tlsOf(own: HostSettings | undefined): TlsSettings {
  return {
    insecure: own?.insecure ?? false,
    ca: own?.ca ?? [],
    ...(own?.cert === undefined ? {} : { cert: own.cert }),
    ...(own?.key === undefined ? {} : { key: own.key }),
  };
}

/** True for localhost, 127.0.0.0/8 and ::1, with or without a port. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || name === '::1' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Settings of `over` win over those of `under`, field by field. */
export function mergeHostTables(...tables: readonly HostTable[]): HostTable {
  const merged: Record<string, HostSettings> = {};
  for (const table of tables) {
    for (const [host, settings] of Object.entries(table)) merged[host] = { ...merged[host], ...settings };
  }
  return merged;
}
