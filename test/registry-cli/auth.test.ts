import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readImage, sha256 } from '../build/image-reader.ts';
import { succeed } from '../build/project.ts';
import { run, testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { REGISTRY_PASSWORD, REGISTRY_USER, startRegistry, type TestRegistry } from '../support/registry.ts';
import { expectFailure, missing, until, watch } from './cli.ts';
import { authorization, makeImage, seed } from './seed.ts';

const ENCODED = Buffer.from(`${REGISTRY_USER}:${REGISTRY_PASSWORD}`).toString('base64');
const WRONG = 'wrong-password-4711';
const WRONG_ENCODED = Buffer.from(`${REGISTRY_USER}:${WRONG}`).toString('base64');

describe.skipIf(missing !== undefined)('credentials', () => {
  let basic: TestRegistry;
  let token: TestRegistry;
  let proxies: Readonly<Record<'basic' | 'token', FaultProxy>>;
  let environment: TestEnvironment;
  let programs: string;

  beforeAll(async () => {
    [basic, token] = await Promise.all([startRegistry({ auth: 'basic' }), startRegistry({ auth: 'token' })]);
    proxies = { basic: await startFaultProxy(basic.host), token: await startFaultProxy(token.host) };
    environment = testEnvironment();
    programs = join(environment.folder, 'programs');
    mkdirSync(programs);
    await seed(basic.host, 'private/base:1', image, { auth: 'basic' });
    for (const name of ['private/base:1', 'public/base:1']) await seed(token.host, name, image, { auth: tokens() });
  });
  afterEach(() => {
    for (const proxy of Object.values(proxies)) {
      proxy.clear();
      proxy.requests.length = 0;
    }
    tokens().requests.length = 0;
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
    await Promise.all([basic.close(), token.close()]);
  });

  const image = makeImage({ platforms: ['linux/amd64', 'linux/arm64'] });
  const tokens = () => {
    if (token.tokens === undefined) throw new Error('started with auth: token');
    return token.tokens;
  };

  const configure = (content: unknown): void => {
    const folder = environment.env['DOCKER_CONFIG'] ?? '';
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config.json'), JSON.stringify(content));
  };
  const auths = (secret: string) =>
    Object.fromEntries(Object.values(proxies).map(({ host }) => [host, { auth: secret }]));

  /** A credential helper that writes down what it was asked. */
  const helper = (name: string, body: string): void => {
    const path = join(programs, `docker-credential-${name}`);
    writeFileSync(path, `#!/bin/sh\nread server\necho "$1 $server" >> "${programs}/${name}.log"\n${body}\n`);
    chmodSync(path, 0o755);
  };
  const helperLog = (name: string): string => readFileSync(join(programs, `${name}.log`), 'utf8');
  const PATH = () => ({ PATH: `${programs}:${process.env['PATH'] ?? ''}` });

  /** Every build has a store of its own: nothing is there already. */
  let count = 0;
  const fresh = (): Record<string, string> => ({ POLYARCH_HOME: join(environment.folder, `store-${count++}`) });

  const build = (from: string, to: string, env: Readonly<Record<string, string>> = {}) => {
    environment.write({ 'app/Dockerfile': `FROM ${from}\nLABEL a=b\n` });
    const args = ['build', '--progress=plain', '--platform=linux/amd64,linux/arm64', '-t', to, '--push', 'app'];
    return environment.polyarch(args, { allowFailure: true, env: { ...fresh(), ...env } });
  };

  const read = async (kind: 'basic' | 'token', name: string) => {
    const registry = kind === 'basic' ? basic : token;
    const [repository = '', tag = ''] = name.split(':');
    const headers = await authorization(repository, kind === 'basic' ? 'basic' : tokens());
    const get = async (path: string): Promise<Buffer> => {
      const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
      const response = await fetch(`http://${registry.host}/v2/${repository}/${path}`, {
        headers: { ...headers, accept },
      });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    };
    const root = await get(`manifests/${tag}`);
    return readImage((digest, type) => get(`${type}s/${digest}`), { digest: sha256(root) });
  };

  test.each(['basic', 'token'] as const)(
    '%s: a private base, a push to another repository, its layers mounted, no secret anywhere',
    async (kind) => {
      configure({ auths: auths(ENCODED) });
      const proxy = proxies[kind];
      const store = fresh();
      proxy.inject(/^PUT .*manifests/, { kind: 'delay', milliseconds: 300 });
      environment.write({ 'app/Dockerfile': `FROM ${proxy.host}/private/base:1\nLABEL a=b\n` });
      const args = ['build', '--progress=plain', '--platform=linux/amd64,linux/arm64'];
      const to = ['-t', `${proxy.host}/private/out:1`, '--push', 'app'];
      const running = watch(environment, [...args, ...to], { env: { ...store, POLYARCH_DEBUG: '1' } });
      await until(running, () => proxy.count(/^PUT .*manifests/) > 0);
      const lines = commandLines();
      const { stdout, stderr } = succeed(await running.ended);
      const held = await read(kind, 'private/out:1');
      expect(held.images.map(({ layers }) => layers.length)).toEqual([1, 1]);
      // Mounted: not one byte of a layer went up, only the configs; and none came down.
      expect(proxy.count(/^POST .*mount=/)).toBe(2);
      const configs = held.images.reduce((sum, { manifest }) => sum + manifest.config.size, 0);
      expect(proxy.received(/blobs\/uploads/)).toBe(configs);
      for (const { entry } of image.layers) expect(proxy.count(new RegExp(`^GET .*${entry.digest}`))).toBe(0);
      for (const secret of [REGISTRY_PASSWORD, ENCODED, ...(await givenTokens(proxy))]) {
        expect(stdout + stderr).not.toContain(secret);
        expect(lines.some((line) => line.includes(secret))).toBe(false);
        expect((await run(['grep', '-rFla', secret, store['POLYARCH_HOME'] ?? ''], { allowFailure: true })).code).toBe(
          1,
        );
      }
    },
  );

  /** The Authorization values that went out. */
  const givenTokens = async (proxy: FaultProxy): Promise<string[]> => {
    const values = proxy.requests.map(({ headers }) => headers.authorization?.split(' ')[1] ?? '');
    const found = [...new Set(values)].filter((value) => value !== '');
    expect(found.length).toBeGreaterThan(0);
    return found;
  };

  test('token: anonymous reads what is public, with no configuration at all', async () => {
    configure({});
    await using other = await startRegistry();
    succeed(await build(`${proxies.token.host}/public/base:1`, `${other.host}/a:1`));
    expect(new Set(tokens().requests.map(({ grant }) => grant))).toEqual(new Set(['anonymous']));
    const refused = await build(`${proxies.token.host}/private/base:1`, `${other.host}/b:1`);
    expectFailure(refused, 'UNAUTHORIZED', proxies.token.host, /private\/base:1/, /config\.json/);
    const push = await build(`${proxies.token.host}/public/base:1`, `${proxies.token.host}/public/out:1`);
    expectFailure(push, 'UNAUTHORIZED', proxies.token.host, /public\/out/, /config\.json/);
  });

  test.each(['basic', 'token'] as const)('%s: a wrong password is UNAUTHORIZED with host and mend', async (kind) => {
    configure({ auths: auths(WRONG_ENCODED) });
    const { host } = proxies[kind];
    for (const result of [
      await build(`${host}/private/base:1`, `${host}/private/wrong:1`),
      await environment.polyarch(['pull', `${host}/private/base:1`], { allowFailure: true, env: fresh() }),
    ]) {
      expectFailure(result, 'UNAUTHORIZED', host, /private\/base/, /refuses the credentials/, /hint: .*config\.json/);
      for (const secret of [WRONG, WRONG_ENCODED]) expect(result.stderr).not.toContain(secret);
    }
  });

  test('an identity token is exchanged, and is nowhere seen', async () => {
    configure({ auths: { [proxies.token.host]: { identitytoken: tokens().identityToken } } });
    const result = succeed(
      await build(`${proxies.token.host}/private/base:1`, `${proxies.token.host}/private/id:1`, {
        POLYARCH_DEBUG: '1',
      }),
    );
    expect(new Set(tokens().requests.map(({ grant }) => grant))).toEqual(new Set(['refresh_token']));
    expect(result.stderr).not.toContain(tokens().identityToken);
    expect(result.stderr).not.toContain(encodeURIComponent(tokens().identityToken));
  });

  test('credsStore and credHelpers: each host asks its own helper, once', async () => {
    helper('store', `echo '{"Username":"${REGISTRY_USER}","Secret":"${REGISTRY_PASSWORD}"}'`);
    helper('idhelper', `echo '{"Username":"<token>","Secret":"${tokens().identityToken}"}'`);
    const { basic: one, token: two } = proxies;
    configure({ credsStore: 'store', credHelpers: { [two.host]: 'idhelper' } });
    const result = succeed(await build(`${two.host}/private/base:1`, `${one.host}/private/helped:1`, PATH()));
    expect(helperLog('store')).toBe(`get ${one.host}\n`);
    expect(helperLog('idhelper')).toBe(`get ${two.host}\n`);
    for (const secret of [REGISTRY_PASSWORD, ENCODED, tokens().identityToken])
      expect(result.stderr).not.toContain(secret);
    expect((await read('basic', 'private/helped:1')).images).toHaveLength(2);
  });

  test('a helper that fails, one that is not there, one without the host', async () => {
    const { host } = proxies.basic;
    helper('broken', 'echo "the key ring is locked"; exit 3');
    configure({ credHelpers: { [host]: 'broken' } });
    const broken = await build(`${host}/private/base:1`, `${host}/private/x:1`, PATH());
    expectFailure(broken, 'CREDENTIAL_HELPER_FAILED', /docker-credential-broken/, /the key ring is locked/, /hint: /);
    configure({ credHelpers: { [host]: 'absent' } });
    const started = performance.now();
    const absent = await build(`${host}/private/base:1`, `${host}/private/x:1`, PATH());
    expectFailure(absent, 'UNAUTHORIZED', /docker-credential-absent is not on the PATH/, /asks for credentials/);
    // Not held up by the time that a helper is given.
    expect(performance.now() - started).toBeLessThan(30_000);
    helper('empty', 'echo "credentials not found in native keychain"; exit 1');
    configure({ credsStore: 'empty', auths: auths(ENCODED) });
    succeed(await build(`${host}/private/base:1`, `${host}/private/x:1`, PATH()));
  });

  test('a mirror is opened by the credentials of its own host', async () => {
    configure({ auths: auths(ENCODED) });
    const env = { POLYARCH_REGISTRY_MIRRORS: `docker.io=http://${proxies.token.host}` };
    succeed(await build('private/base:1', `${proxies.basic.host}/private/mirrored:1`, env));
    expect((await read('basic', 'private/mirrored:1')).images).toHaveLength(2);
  });

  test('a configuration that is no JSON is told without its text', async () => {
    const { host } = proxies.basic;
    const file = join(environment.env['DOCKER_CONFIG'] ?? '', 'config.json');
    configure({});
    writeFileSync(file, `{"auths": {"${host}": {"auth": "${ENCODED}"}`);
    const result = await build(`${host}/private/base:1`, `${host}/private/x:1`);
    expectFailure(result, 'DOCKER_CONFIG_INVALID', file, /no JSON/, /hint: /);
    expect(result.stderr).not.toContain(ENCODED);
  });

  test('a token that expires in the middle is replaced', async () => {
    configure({ auths: auths(ENCODED) });
    const { host } = proxies.token;
    const challenge = `Bearer realm="${tokens().realm}",service="${tokens().service}",error="invalid_token"`;
    const refusal = { kind: 'answer', status: 401, headers: { 'www-authenticate': challenge } } as const;
    for (const pattern of [/^PUT .*blobs\/uploads/, /^PUT .*manifests/, /^HEAD .*blobs/])
      proxies.token.inject(pattern, refusal);
    succeed(await build(`${host}/private/base:1`, `${host}/private/expired:1`));
    expect(tokens().requests.length).toBeGreaterThanOrEqual(4);
    expect((await read('token', 'private/expired:1')).images).toHaveLength(2);
  });
});

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
      } catch {
        // It ended.
        return [];
      }
    });
}
