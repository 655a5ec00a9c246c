import { canonicalDomain, type HostSettings, type HostTable } from './hosts.ts';
import { settingsFailure } from './settings-failure.ts';

/** The values of `--registry-mirror`, `--registry-http`, `--registry-insecure` and `--registry-ca`. */
export interface HostOptions {
  /** `docker.io=http://127.0.0.1:5000`; repeated for several, tried in this order. */
  readonly mirrors?: readonly string[];
  /** Hosts spoken to over plain HTTP. */
  readonly http?: readonly string[];
  /** Hosts whose certificate is not verified. */
  readonly insecure?: readonly string[];
  /** `HOST=FILE`. */
  readonly ca?: readonly string[];
}

/** Host settings from command-line values; fails with REGISTRY_CONFIG on a pair without `=`. */
export function hostsFromOptions(options: HostOptions, source = '--registry-'): HostTable {
  const table: Record<string, HostSettings> = {};
  const set = (host: string, change: (own: HostSettings) => HostSettings): void => {
    const name = canonicalDomain(host.trim());
    table[name] = change(table[name] ?? {});
  };
  for (const text of options.mirrors ?? []) {
    const [host, mirror] = pair(text, `${source}mirror`, 'docker.io=http://127.0.0.1:5000');
    set(host, (own) => ({ ...own, mirrors: [...(own.mirrors ?? []), mirror] }));
  }
  for (const host of options.http ?? []) set(host, (own) => ({ ...own, http: true }));
  for (const host of options.insecure ?? []) set(host, (own) => ({ ...own, insecure: true }));
  for (const text of options.ca ?? []) {
    const [host, file] = pair(text, `${source}ca`, 'registry.example=/path/ca.pem');
    set(host, (own) => ({ ...own, ca: [...(own.ca ?? []), file] }));
  }
  return table;
}

/**
 * Host settings from POLYARCH_REGISTRY_MIRRORS, POLYARCH_REGISTRY_HTTP, POLYARCH_REGISTRY_INSECURE and
 * POLYARCH_REGISTRY_CA: the flags' values, separated by commas.
 */
export function hostsFromEnvironment(env: Readonly<Record<string, string | undefined>>): HostTable {
  const list = (name: string): string[] =>
    (env[`POLYARCH_REGISTRY_${name}`] ?? '').split(',').map(trimmed).filter(Boolean);
  return hostsFromOptions(
    { mirrors: list('MIRRORS'), http: list('HTTP'), insecure: list('INSECURE'), ca: list('CA') },
    'POLYARCH_REGISTRY_',
  );
}

const trimmed = (text: string): string => text.trim();

function pair(text: string, source: string, example: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1) {
    throw settingsFailure('REGISTRY_CONFIG', `${source}: ${JSON.stringify(text)} is no HOST=VALUE pair`, {
      hint: `For example: ${example}`,
    });
  }
  return [text.slice(0, at), text.slice(at + 1)];
}
