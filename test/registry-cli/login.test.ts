import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { succeed } from '../build/project.ts';
import { projectFolder, requireProgram, requireTool, run, testEnvironment } from '../support/environment.ts';
import { REGISTRY_PASSWORD, REGISTRY_USER, startRegistry, type TestRegistry } from '../support/registry.ts';
import { expectFailure, missing } from './cli.ts';
import { makeImage, seed } from './seed.ts';

const ENCODED = Buffer.from(`${REGISTRY_USER}:${REGISTRY_PASSWORD}`).toString('base64');
const WRONG = 'wrong-password-4711';

describe.skipIf(missing !== undefined)('login', () => {
  const environment = testEnvironment();
  const folder = environment.env['DOCKER_CONFIG'] ?? '';
  const file = join(folder, 'config.json');
  const image = makeImage();
  const registries: Record<'basic' | 'token' | 'open', TestRegistry | undefined> = {
    basic: undefined,
    token: undefined,
    open: undefined,
  };
  type Kind = keyof typeof registries;
  const registry = (kind: Kind): TestRegistry => {
    const found = registries[kind];
    if (found === undefined) throw new Error('started before the tests');
    return found;
  };
  const tokens = () => {
    const found = registry('token').tokens;
    if (found === undefined) throw new Error('started with auth: token');
    return found;
  };

  beforeAll(async () => {
    [registries.basic, registries.token, registries.open] = await Promise.all([
      startRegistry({ auth: 'basic' }),
      startRegistry({ auth: 'token' }),
      startRegistry(),
    ]);
    await seed(registry('basic').host, 'private/app:1', image, { auth: 'basic' });
    await seed(registry('token').host, 'private/app:1', image, { auth: tokens() });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    tokens().giveIdentity(false);
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await Promise.all(Object.values(registries).map((each) => each?.close()));
  });

  const configured = (): Record<string, unknown> => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const configure = (content: unknown): void => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, JSON.stringify(content), { mode: 0o644 });
  };
  const login = (kind: Kind, password: string = REGISTRY_PASSWORD, env: Readonly<Record<string, string>> = {}) =>
    environment.polyarch(['login', '-u', REGISTRY_USER, '--password-stdin', registry(kind).host], {
      input: `${password}\n`,
      allowFailure: true,
      env: { POLYARCH_DEBUG: '1', ...env },
    });

  test.for(['basic', 'token'] as const)(
    '%s: what is stored is private, keeps the other keys, and opens the registry to polyarch, skopeo and podman',
    async (kind, context) => {
      const [skopeo, podman] = [requireTool(context, 'skopeo'), requireTool(context, 'podman')];
      const { host } = registry(kind);
      configure({ HttpHeaders: { x: 'y' }, auths: { 'other.example': { auth: 'eDp5' } }, currentContext: 'c' });
      const { stdout, stderr } = succeed(await login(kind));
      expect(stdout).toBe('Login Succeeded\n');
      expect(stderr).toContain(file);
      expect(stderr).not.toContain(REGISTRY_PASSWORD);
      expect(stderr).not.toContain(ENCODED);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readdirSync(folder)).toEqual(['config.json']);
      expect(configured()).toEqual({
        HttpHeaders: { x: 'y' },
        auths: { 'other.example': { auth: 'eDp5' }, [host]: { auth: ENCODED } },
        currentContext: 'c',
      });
      succeed(await environment.polyarch(['pull', `${host}/private/app:1`], { allowFailure: true }));
      const readers = [
        [skopeo, 'inspect', '--raw', '--tls-verify=false', `docker://${host}/private/app:1`],
        [podman, 'login', '--tls-verify=false', '--get-login', host],
      ];
      for (const argv of readers) {
        const read = await run(argv, { env: { ...environment.env, REGISTRY_AUTH_FILE: file }, allowFailure: true });
        succeed(read);
        expect(read.stdout).toContain(argv[0] === podman ? REGISTRY_USER : 'schemaVersion');
      }
      const out = succeed(await environment.polyarch(['logout', host], { allowFailure: true }));
      expect(out.stdout).toBe(`Removing login credentials for ${host}\n`);
      expect(configured()['auths']).toEqual({ 'other.example': { auth: 'eDp5' } });
      const again = succeed(await environment.polyarch(['logout', host], { allowFailure: true }));
      expect(again.stdout).toBe(`Not logged in to ${host}\n`);
      expect((await environment.polyarch(['pull', `${host}/private/app:1`], { allowFailure: true })).code).toBe(1);
    },
  );

  test.each(['basic', 'token'] as const)('%s: a wrong password is refused, and nothing is written', async (kind) => {
    const refused = await login(kind, WRONG);
    expectFailure(refused, 'UNAUTHORIZED', registry(kind).host, /Nothing was stored/);
    expect(refused.stdout + refused.stderr).not.toContain(WRONG);
    expect(existsSync(file)).toBe(false);
  });

  test('what is stored already is tried when no user is named', async () => {
    const { host } = registry('basic');
    succeed(await login('basic'));
    const again = succeed(await environment.polyarch(['login', `https://${host}/v2/`], { allowFailure: true }));
    expect(again.stdout).toBe('Login Succeeded\n');
    configure({ auths: { [host]: { auth: Buffer.from(`x:${WRONG}`).toString('base64') } } });
    const stale = await environment.polyarch(['login', host], { allowFailure: true, input: '' });
    expectFailure(stale, 'NO_TERMINAL', /refuses the credentials/, /--password-stdin/);
  });

  test('a token that the registry gives for the password is kept in its place, as skopeo reads it', async (context) => {
    const skopeo = requireTool(context, 'skopeo');
    tokens().giveIdentity(true);
    const { host } = registry('token');
    const { stderr } = succeed(await login('token'));
    expect(stderr).toContain('a token that the registry gave');
    expect(configured()['auths']).toMatchObject({ [host]: { identitytoken: tokens().identityToken } });
    expect(readFileSync(file, 'utf8')).not.toContain(ENCODED);
    succeed(await environment.polyarch(['pull', '-q', `${host}/private/app:1`], { allowFailure: true }));
    const argv = [skopeo, 'inspect', '--raw', '--tls-verify=false', `docker://${host}/private/app:1`];
    succeed(await run(argv, { env: { ...environment.env, REGISTRY_AUTH_FILE: file }, allowFailure: true }));
  });

  test('a credential helper gets the password on stdin, config.json only the host', async () => {
    const { host } = registry('basic');
    const programs = join(environment.folder, 'programs');
    mkdirSync(programs, { recursive: true });
    const kept = join(programs, 'kept');
    const helper = `#!/bin/sh
echo "$*" >> "${programs}/log"
case "$1" in
store) cat > "${kept}";;
get) cat "${kept}" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; };;
erase) cat > /dev/null; rm -f "${kept}";;
esac
`;
    writeFileSync(join(programs, 'docker-credential-mem'), helper);
    chmodSync(join(programs, 'docker-credential-mem'), 0o755);
    const env = { PATH: `${programs}:${process.env['PATH'] ?? ''}` };
    configure({ credsStore: 'mem' });
    const { stderr } = succeed(await login('basic', REGISTRY_PASSWORD, env));
    expect(stderr).not.toContain(REGISTRY_PASSWORD);
    expect(JSON.parse(readFileSync(kept, 'utf8'))).toEqual({
      ServerURL: host,
      Username: REGISTRY_USER,
      Secret: REGISTRY_PASSWORD,
    });
    expect(configured()).toEqual({ credsStore: 'mem', auths: { [host]: {} } });
    succeed(await environment.polyarch(['pull', '-q', `${host}/private/app:1`], { allowFailure: true, env }));
    succeed(await environment.polyarch(['logout', host], { allowFailure: true, env }));
    expect(existsSync(kept)).toBe(false);
    expect(new Set(readFileSync(join(programs, 'log'), 'utf8').trim().split('\n'))).toEqual(
      new Set(['store', 'get', 'erase']),
    );
  });

  test('two logins at once lose nothing', async () => {
    const both = await Promise.all([login('basic'), login('token')]);
    for (const each of both) succeed(each);
    expect(Object.keys(configured()['auths'] ?? {}).toSorted()).toEqual(
      [registry('basic').host, registry('token').host].toSorted(),
    );
  });

  test('a registry that lets everyone in is said not to have looked', async () => {
    expect(succeed(await login('open')).stderr).toContain('were not checked');
  });

  test('on a terminal user and password are asked for, and the password is not shown', async (context) => {
    const script = requireProgram(context, 'script');
    const { host } = registry('basic');
    const log = join(environment.folder, 'typescript');
    const command = `${join(projectFolder, 'bin/polyarch')} login ${host}`;
    const typed = `(sleep 2; printf '${REGISTRY_USER}x\\177\\r'; sleep 1; printf '${REGISTRY_PASSWORD}\\r'; sleep 2)`;
    const asked = await run(['sh', '-c', `${typed} | '${script}' -qefc '${command}' '${log}'`], {
      env: environment.env,
      allowFailure: true,
    });
    succeed(asked);
    expect(asked.stdout).toContain(`User of ${host}: ${REGISTRY_USER}x`);
    expect(asked.stdout).toContain('Login Succeeded');
    expect(asked.stdout + readFileSync(log, 'utf8')).not.toContain(REGISTRY_PASSWORD);
    expect(configured()['auths']).toEqual({ [host]: { auth: ENCODED } });
  });

  test.each([
    [['login', '-u', 'me', '-p', WRONG, 'r.example'], 'INVALID_ARGUMENT'],
    [['login', '-u', 'me', `-p${WRONG}`, 'r.example'], 'INVALID_ARGUMENT'],
    [['login', '--password-stdin', 'r.example'], 'MISSING_ARGUMENT'],
    [['login', '-u', 'me', '--password-stdin', 'r.example'], 'MISSING_ARGUMENT'],
    [['login', '-u', 'me', 'r.example'], 'NO_TERMINAL'],
    [['login', 'r.example/team/app'], 'INVALID_ARGUMENT'],
    [['login', `me:${WRONG}@r.example`], 'INVALID_ARGUMENT'],
  ] as const)('%j: %s', async (args, code) => {
    const result = await environment.polyarch(args, { allowFailure: true, input: '' });
    expectFailure(result, code);
    expect(result.stdout + result.stderr).not.toContain(WRONG);
  });

  test('a config.json that is no JSON stays as it is, and its text is not shown', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `{"auths": "${ENCODED}`);
    const result = await login('basic');
    expectFailure(result, 'DOCKER_CONFIG_INVALID', file);
    expect(result.stderr).not.toContain(ENCODED);
    expect(readFileSync(file, 'utf8')).toBe(`{"auths": "${ENCODED}`);
  });
});
