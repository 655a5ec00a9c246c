import { BlockList, isIP } from 'node:net';
import { isLoopback } from './hosts.ts';
import { settingsFailure } from './settings-failure.ts';

/** The values of HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  /** Comma-separated hosts, domain suffixes, addresses and CIDR blocks, each with an optional port; `*` is all. */
  readonly no?: string;
}

/** Proxy settings from the usual variables; the lower-case name wins, as with curl. */
export function proxyFromEnvironment(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const value = (name: string): string | undefined => env[name.toLowerCase()] || env[name] || undefined;
  const http = value('HTTP_PROXY');
  const https = value('HTTPS_PROXY');
  const no = value('NO_PROXY');
  return {
    ...(http === undefined ? {} : { http }),
    ...(https === undefined ? {} : { https }),
    ...(no === undefined ? {} : { no }),
  };
}

/** The proxy for an address, or undefined; loopback hosts never go through one. */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const text = url.protocol === 'https:' ? settings.https : settings.http;
  if (text === undefined || text === '' || isLoopback(url.hostname) || bypasses(url, settings.no ?? ''))
    return undefined;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy === undefined || !['http:', 'https:'].includes(proxy.protocol)) {
    throw settingsFailure('REGISTRY_CONFIG', 'the proxy setting is no http:// or https:// address', {
      hint: 'Check HTTP_PROXY and HTTPS_PROXY.',
    });
  }
  return proxy;
}

function bypasses(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => entry === '*' || matches(entry.toLowerCase(), host, { port }));
}

function matches(entry: string, host: string, { port }: { port: string }): boolean {
  const [, block, bits] = /^([0-9a-f.:]+)\/(\d+)$/.exec(entry) ?? [];
  if (block !== undefined && bits !== undefined) {
    const family = isIP(block);
    const wanted = isIP(host);
    if (family === 0 || wanted !== family || Number(bits) > (family === 4 ? 32 : 128)) return false;
    const kind = family === 4 ? 'ipv4' : 'ipv6';
    const blocks = new BlockList();
    blocks.addSubnet(block, Number(bits), kind);
    return blocks.check(host, kind);
  }
  const [, name = entry, wantedPort] = /^(.*[^:]|\[.*\]):(\d+)$/.exec(entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== port && isIP(entry) === 0) return false;
  const bare = (isIP(entry) === 0 ? name : entry).replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  return host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`));
}
