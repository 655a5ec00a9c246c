import { expect, test } from 'vitest';
import { hostsFromEnvironment, hostsFromOptions } from './host-options.ts';
import { isLoopback, mergeHostTables, resolveHosts, type HostTable } from './hosts.ts';

const shown = (domain: string, hosts: HostTable): string[] =>
  resolveHosts(domain, hosts).map(
    ({ schemes, host, prefix, capabilities, tls }) =>
      `${schemes.join('|')}://${host}${prefix} ${capabilities.join('+')}${tls.insecure ? ' insecure' : ''}`,
  );

test.each<[string, string, HostTable, string[]]>([
  ['Docker Hub', 'docker.io', {}, ['https://registry-1.docker.io pull+push']],
  ['Docker Hub by another name', 'index.docker.io', {}, ['https://registry-1.docker.io pull+push']],
  ['another host', 'R.example:5000', {}, ['https://r.example:5000 pull+push']],
  ['a loopback host', '127.0.0.1:5000', {}, ['http|https://127.0.0.1:5000 pull+push']],
  ['a loopback host that must be TLS', 'localhost', { localhost: { http: false } }, ['https://localhost pull+push']],
  ['a plain host', 'r.example', { 'r.example': { http: true } }, ['http://r.example pull+push']],
  ['an insecure host', 'r.example', { 'r.example': { insecure: true } }, ['https|http://r.example pull+push insecure']],
  [
    'mirrors in order, then the registry',
    'docker.io',
    { 'docker.io': { mirrors: ['127.0.0.1:5000', 'https://m.example/proxy/hub/'] } },
    ['http|https://127.0.0.1:5000 pull', 'https://m.example/proxy/hub pull', 'https://registry-1.docker.io pull+push'],
  ],
  [
    "a mirror with its own host's settings",
    'docker.io',
    { 'docker.io': { mirrors: ['m.example'] }, 'm.example': { http: true } },
    ['http://m.example pull', 'https://registry-1.docker.io pull+push'],
  ],
  [
    'a mirror written with the API path',
    'a.example',
    { 'a.example': { mirrors: ['http://m.example/v2'] } },
    ['http://m.example pull', 'https://a.example pull+push'],
  ],
])('endpoints of %s', (_name, domain, hosts, expected) => {
  expect(shown(domain, hosts)).toEqual(expected);
});

test.each(['', 'ftp://m.example', 'm example', 'user@m.example', 'm.example?x=1'])('mirror %j is refused', (mirror) => {
  expect(() => resolveHosts('a.example', { 'a.example': { mirrors: [mirror] } })).toThrow(
    expect.objectContaining({ code: 'REGISTRY_CONFIG' }),
  );
});

test('options and environment make the same table, and later tables win by field', () => {
  const options = hostsFromOptions({
    mirrors: ['docker.io=http://127.0.0.1:5000', 'docker.io=m.example'],
    http: ['a.example'],
    insecure: ['b.example:1'],
    ca: ['c.example=/ca.pem'],
  });
  const env = hostsFromEnvironment({
    POLYARCH_REGISTRY_MIRRORS: 'docker.io=http://127.0.0.1:5000, docker.io=m.example',
    POLYARCH_REGISTRY_HTTP: 'a.example',
    POLYARCH_REGISTRY_INSECURE: 'b.example:1,',
    POLYARCH_REGISTRY_CA: 'c.example=/ca.pem',
  });
  expect(env).toEqual(options);
  expect(options).toEqual({
    'docker.io': { mirrors: ['http://127.0.0.1:5000', 'm.example'] },
    'a.example': { http: true },
    'b.example:1': { insecure: true },
    'c.example': { ca: ['/ca.pem'] },
  });
  expect(mergeHostTables(options, { 'a.example': { insecure: true } })['a.example']).toEqual({
    http: true,
    insecure: true,
  });
});

test('an option that is no pair names itself', () => {
  expect(() => hostsFromOptions({ mirrors: ['127.0.0.1:5000'] })).toThrow(/--registry-mirror/);
});

test.each([
  ['localhost:5000', true],
  ['127.1.2.3', true],
  ['[::1]:5000', true],
  ['127.0.0.1.example', false],
  ['notlocalhost', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
