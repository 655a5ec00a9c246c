import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readRemote, remoteTags } from '../build/image-reader.ts';
import { succeed } from '../build/project.ts';
import { testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { expectFailure, missing } from './cli.ts';
import { makeImage, seed } from './seed.ts';

/** A host that nothing answers at: names that end so exist nowhere (RFC 6761). */
const NOWHERE = 'registry.invalid';

describe.skipIf(missing !== undefined)('hosts', () => {
  let registry: TestRegistry;
  let mirror: FaultProxy;
  let origin: TestRegistry;
  let tls: TestRegistry;
  let environment: TestEnvironment;
  const image = makeImage();

  beforeAll(async () => {
    [registry, origin, tls] = await Promise.all([startRegistry(), startRegistry(), startRegistry({ tls: true })]);
    mirror = await startFaultProxy(registry.host);
    await Promise.all([registry, origin].map(({ host }) => seed(host, 'x/base:1', image)));
    await seed(registry.host, 'library/base:1', image);
    await seed(registry.host, 'proxy/x/base:1', image);
    environment = testEnvironment();
  });
  afterEach(() => {
    mirror.clear();
    mirror.requests.length = 0;
    config('');
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await mirror.close();
    await Promise.all([registry, origin, tls].map((each) => each.close()));
  });

  const configFile = () => join(environment.env['XDG_CONFIG_HOME'] ?? '', 'polyarch/config.toml');
  const config = (text: string): void => {
    mkdirSync(join(configFile(), '..'), { recursive: true });
    writeFileSync(configFile(), text);
  };
  let count = 0;
  const polyarch = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const POLYARCH_HOME = join(environment.folder, `store-${count++}`);
    return environment.polyarch(args, { allowFailure: true, env: { POLYARCH_HOME, ...env } });
  };
  const build = (
    from: string,
    to: string,
    flags: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ) => {
    environment.write({ 'app/Dockerfile': `FROM ${from}\nLABEL a=b\n` });
    return polyarch(['build', '--progress=plain', ...flags, '-t', to, '--push', 'app'], env);
  };

  describe('mirrors', () => {
    test.each<[string, () => { flags?: string[]; env?: Record<string, string>; toml?: string }]>([
      ['--registry-mirror', () => ({ flags: ['--registry-mirror', `docker.io=http://${mirror.host}`] })],
      ['the environment', () => ({ env: { POLYARCH_REGISTRY_MIRRORS: `docker.io=http://${mirror.host}` } })],
      ['config.toml', () => ({ toml: `[registry."docker.io"]\nmirrors = ["http://${mirror.host}"]\n` })],
    ])('of docker.io by %s', async (_name, make) => {
      const { flags = [], env = {}, toml = '' } = make();
      config(toml);
      succeed(await build('base:1', `${origin.host}/mirrored:1`, flags, env));
      expect(mirror.count(/^(GET|HEAD) .*library\/base/)).toBeGreaterThan(0);
    });

    test('with a path before the repository', async () => {
      const flags = ['--registry-mirror', `${NOWHERE}=http://${mirror.host}/proxy`];
      succeed(await build(`${NOWHERE}/x/base:1`, `${origin.host}/mirrored:2`, flags));
      expect(mirror.count(/proxy\/x\/base\/manifests/)).toBeGreaterThan(0);
    });

    test('one that is down is passed over with a notice, told once', async () => {
      const flags = ['--registry-mirror', `${origin.host}=http://127.0.0.1:1`];
      const { stderr } = succeed(await build(`${origin.host}/x/base:1`, `${origin.host}/down:1`, flags));
      expect(stderr).toMatch(/mirror 127\.0\.0\.1:1 is passed over: .*x\/base.*ECONNREFUSED/);
      expect(stderr.match(/passed over/g)).toHaveLength(1);
    });

    test.each([
      ['lacks the image', { kind: 'answer', status: 404 }, /^(?!.*passed over)/s],
      ['answers 500', { kind: 'answer', status: 500 }, /passed over: .*500/],
      ['wants credentials', { kind: 'answer', status: 401 }, /passed over: .*asks for credentials/],
      ['cuts the connection', { kind: 'reset' }, /passed over/],
      ['lies about manifests', { kind: 'rewrite', body: () => '{"schemaVersion":2}' }, /passed over: .*sha256/],
    ] as const)('one that %s', async (_name, fault, notice) => {
      mirror.inject(/x\/base/, fault, 100);
      const flags = ['--registry-mirror', `${origin.host}=http://${mirror.host}`];
      const { stderr } = succeed(await build(`${origin.host}/x/base:1`, `${origin.host}/passed:1`, flags));
      expect(stderr).toMatch(notice);
      expect(stderr.match(/passed over/g) ?? []).toHaveLength(notice.source.startsWith('^') ? 0 : 1);
      expect(mirror.requests.length).toBeGreaterThan(0);
    });

    test.each([
      ['changed blobs', { kind: 'corrupt' }, /passed over: blob .*hash to/],
      ['blobs that break off and then nothing', { kind: 'truncate', bytes: 100_000 }, /passed over/],
      ['longer blobs', { kind: 'rewrite', body: (body: Buffer) => Buffer.concat([body, body]) }, /passed over/],
    ] as const)('one that sends %s: the registry is asked for them', async (what, fault, notice) => {
      const name = `damaged/${what.length}:1`;
      const large = makeImage({ size: 3_000_000 });
      await Promise.all([registry, origin].map(({ host }) => seed(host, name, large)));
      mirror.inject(/^GET .*blobs/, fault, fault.kind === 'truncate' ? 1 : 100);
      mirror.inject(/^GET .*blobs/, { kind: 'reset' }, 100);
      environment.write({
        'app/Dockerfile': `FROM ${origin.host}/${name} AS base\nFROM scratch\nCOPY --from=base /random /random\n`,
      });
      const flags = ['--registry-mirror', `${origin.host}=http://${mirror.host}`];
      const { stderr } = succeed(
        await polyarch(['build', '--progress=plain', ...flags, '-o', `out-${what.length}`, 'app']),
      );
      expect(stderr).toMatch(notice);
      const whole = large.layers[0]?.bytes.subarray(512, 512 + 3_000_000) ?? Buffer.of();
      const copied = readFileSync(join(environment.folder, `out-${what.length}/random`));
      expect(copied.equals(whole)).toBe(true);
      if (fault.kind !== 'corrupt') return;
      // By pull too.
      mirror.clear();
      mirror.inject(/^GET .*blobs/, fault, 100);
      succeed(await polyarch(['pull', ...flags, `${origin.host}/${name}`]));
    });

    test('with all down, every one is named', async () => {
      const flags = ['--registry-mirror', `${NOWHERE}=http://127.0.0.1:1`];
      const result = await build(`${NOWHERE}/x/base:1`, `${origin.host}/x:1`, flags);
      expectFailure(result, 'REGISTRY_UNREACHABLE', NOWHERE, /127\.0\.0\.1:1/);
    });

    test('a push never goes to one', async () => {
      const flags = ['--registry-mirror', `${origin.host}=http://${mirror.host}`];
      succeed(await build(`${origin.host}/x/base:1`, `${origin.host}/x/pushed:1`, flags));
      expect(mirror.requests.length).toBeGreaterThan(0);
      expect(mirror.count(/^(POST|PUT|PATCH|DELETE)|pushed/)).toBe(0);
      expect(await remoteTags(origin.host, 'x/pushed')).toEqual(['1']);
    });
  });

  describe('TLS and plain http', () => {
    const ca = () => tls.ca ?? '';
    test.each<[string, () => { flags?: string[]; env?: Record<string, string>; toml?: string }]>([
      ['--registry-ca', () => ({ flags: ['--registry-ca', `${tls.host}=${ca()}`] })],
      ['--registry-insecure', () => ({ flags: ['--registry-insecure', tls.host] })],
      ['POLYARCH_REGISTRY_CA', () => ({ env: { POLYARCH_REGISTRY_CA: `${tls.host}=${ca()}` } })],
      ['POLYARCH_REGISTRY_INSECURE', () => ({ env: { POLYARCH_REGISTRY_INSECURE: tls.host } })],
      ['ca in config.toml', () => ({ toml: `[registry."${tls.host}"]\nca = ["${ca()}"]\n` })],
      ['insecure in config.toml', () => ({ toml: `[registry."${tls.host}"]\ninsecure = true\n` })],
      ['NODE_EXTRA_CA_CERTS', () => ({ env: { NODE_EXTRA_CA_CERTS: ca() } })],
    ])('an own authority by %s', async (name, make) => {
      const { flags = [], env = {}, toml = '' } = make();
      config(toml);
      const result = await build(`${origin.host}/x/base:1`, `${tls.host}/x/app:1`, flags, env);
      succeed(result);
      expect(result.stderr).toContain(`${tls.host}/x/app:1`);
      if (!name.startsWith('--')) return;
      const pulled = succeed(await polyarch(['pull', ...flags, `${tls.host}/x/app:1`], env));
      expect(pulled.stdout).toMatch(/Digest: sha256:/);
    });

    test('an output’s registry.insecure is for its own host', async () => {
      environment.write({ 'app/Dockerfile': `FROM ${origin.host}/x/base:1\n` });
      const output = `type=registry,name=${tls.host}/x/insecure:1,registry.insecure=true`;
      const { stderr } = succeed(await polyarch(['build', '-o', output, 'app']));
      expect(stderr).toContain(`${tls.host}/x/insecure:1`);
    });

    test('an unknown authority is refused with both mends', async () => {
      const result = await build(`${origin.host}/x/base:1`, `${tls.host}/x/app:1`);
      expectFailure(
        result,
        'TLS_UNTRUSTED',
        tls.host,
        `--registry-ca ${tls.host}=FILE`,
        `--registry-insecure ${tls.host}`,
      );
      expect(result.stderr).not.toContain('retrying');
    });

    test('--registry-ca without a file there', async () => {
      const result = await build(`${origin.host}/x/base:1`, `${tls.host}/x/app:1`, [
        '--registry-ca',
        `${tls.host}=none.pem`,
      ]);
      expectFailure(result, 'REGISTRY_CONFIG', /none\.pem/, /hint/);
    });

    test.each<[string, () => { flags?: string[]; env?: Record<string, string>; toml?: string }]>([
      ['--registry-http', () => ({ flags: ['--registry-http', NOWHERE] })],
      ['POLYARCH_REGISTRY_HTTP', () => ({ env: { POLYARCH_REGISTRY_HTTP: NOWHERE } })],
      ['config.toml', () => ({ toml: `[registry."${NOWHERE}"]\nhttp = true\n` })],
    ])('plain http with a host that is not on loopback by %s', async (name, make) => {
      const { flags = [], env = {}, toml = '' } = make();
      config(toml);
      // A proxy stands in for the network: a plain request goes to it with its whole address.
      const proxied = { ...env, http_proxy: `http://${mirror.host}`, no_proxy: '' };
      const names = [`${NOWHERE}/x/base:1`, `${NOWHERE}/x/plain:1`] as const;
      succeed(await build(...names, flags, proxied));
      expect(mirror.count(/^PUT http:\/\/registry\.invalid\/v2\/x\/plain\/manifests\/1/)).toBe(1);
      if (name !== 'config.toml') return;
      config('');
      const refused = await build(...names, [], { http_proxy: proxied.http_proxy, no_proxy: '' });
      expectFailure(refused, 'REGISTRY_UNREACHABLE', NOWHERE);
    });

    test('http = false on loopback asks for TLS, and a plain-http registry is told as such', async () => {
      config(`[registry."${registry.host}"]\nhttp = false\n`);
      const result = await build(`${registry.host}/x/base:1`, `${origin.host}/x:1`);
      expectFailure(result, 'REGISTRY_UNREACHABLE', /does not speak TLS/, `--registry-http ${registry.host}`);
    });

    test('--registry-http with a TLS registry', async () => {
      const result = await build(`${tls.host}/x/base:1`, `${origin.host}/x:1`, ['--registry-http', tls.host]);
      expectFailure(result, 'REGISTRY_UNREACHABLE', tls.host, /speaks TLS/, /hint: .*--registry-http/);
    });
  });

  describe('config.toml', () => {
    test.each([
      ['[registry."r.example"]\nmirors = ["x"]\n', /config\.toml: unknown key .*mirors.*\n.*mean mirrors/],
      ['[registri."r.example"]\nhttp = true\n', /config\.toml: unknown key registri.*\n.*mean registry/],
      ['[registry."r.example"]\nhttp = "yes"\n', /http must be true or false/],
      ['[registry."r.example"]\nmirrors = "m"\n', /mirrors must be a list of strings/],
      ['[registry."r.example"\n', /config\.toml:1 is no TOML: .* \[REGISTRY_CONFIG\]/],
      ['[registry."docker.io"]\nmirrors = ["not a host"]\n', /not a host/],
    ])('%s', async (text, expected) => {
      config(text);
      const result = await build('base:1', `${origin.host}/x:1`);
      expectFailure(result, 'REGISTRY_CONFIG', expected);
      expect(result.stderr).not.toContain('Dockerfile');
    });

    test('a flag wins over the environment, and that over the file', async () => {
      config(`[registry."${NOWHERE}"]\nmirrors = ["http://127.0.0.1:1"]\n`);
      const env = { POLYARCH_REGISTRY_MIRRORS: `${NOWHERE}=http://127.0.0.1:2` };
      const flags = ['--registry-mirror', `${NOWHERE}=http://${mirror.host}`];
      const { stderr } = succeed(await build(`${NOWHERE}/x/base:1`, `${origin.host}/wins:1`, flags, env));
      expect(stderr).not.toContain('passed over');
      const two = await build(`${NOWHERE}/x/base:1`, `${origin.host}/wins:2`, [], env);
      expectFailure(two, 'REGISTRY_UNREACHABLE', '127.0.0.1:2');
    });
  });

  test('a password in a mirror’s address is refused and not repeated', async () => {
    const flags = ['--registry-mirror', `docker.io=http://user:secret-4711@${mirror.host}`];
    const result = await build('base:1', `${origin.host}/x:1`, flags);
    expectFailure(result, 'REGISTRY_CONFIG', /hint: .*config\.json/);
    expect(result.stderr).not.toContain('secret-4711');
  });

  test('a flag without its value is told with an example', async () => {
    const result = await build('base:1', `${origin.host}/x:1`, ['--registry-mirror', 'docker.io']);
    expectFailure(result, 'REGISTRY_CONFIG', /--registry-mirror/, /docker\.io=http/);
    expect((await readRemote(origin.host, 'x/base', '1')).digest).toBe(image.root.entry.digest);
  });
});
