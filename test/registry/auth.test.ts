import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { descriptorOf } from '../../src/oci/descriptor.ts';
import { RegistryClient, type RegistrySettings } from '../../src/registry/client.ts';
import type { Credential, CredentialSource } from '../../src/registry/credentials.ts';
import { dockerCredentials, eraseCredential, storeCredential } from '../../src/registry/docker-config.ts';
import { repositoryScope } from '../../src/registry/scope.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import {
  REGISTRY_PASSWORD,
  REGISTRY_USER,
  registryMissing,
  startRegistry,
  type TestRegistry,
} from '../support/registry.ts';

const missing = registryMissing();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const GOOD: Credential = { kind: 'password', username: REGISTRY_USER, password: REGISTRY_PASSWORD };
const always = (credential: Credential | undefined): CredentialSource => ({
  credentialFor: () => Promise.resolve(credential),
});
const content = Buffer.from('content');
const blob = descriptorOf(content, { mediaType: 'application/octet-stream' });

describe.skipIf(missing !== undefined)('authorisation', () => {
  let basic: TestRegistry;
  let token: TestRegistry;
  const clients: RegistryClient[] = [];

  beforeAll(async () => {
    [basic, token] = await Promise.all([startRegistry({ auth: 'basic' }), startRegistry({ auth: 'token' })]);
    for (const { host } of [basic, token]) {
      await client({ credentials: always(GOOD) })
        .repository(`${host}/public/app`, { actions: ['pull', 'push'] })
        .push(blob, content);
    }
  });
  afterEach(() => {
    for (const each of clients.splice(0)) each.close();
    tokenRequests().length = 0;
  });
  afterAll(async () => {
    await basic.close();
    await token.close();
  });

  const client = (settings: RegistrySettings): RegistryClient => {
    const made = new RegistryClient({ retry: { delay: 1 }, ...settings });
    clients.push(made);
    return made;
  };
  const tokenRequests = () => token.tokens?.requests ?? [];

  test('basic: the right password opens, none and a wrong one are told apart from a missing image', async () => {
    const name = `${basic.host}/public/app`;
    expect(
      await buffer(
        await client({ credentials: always(GOOD) })
          .repository(name)
          .fetch(blob),
      ),
    ).toEqual(content);
    for (const credential of [undefined, { ...GOOD, password: 'wrong' }]) {
      await expect(
        client({ credentials: always(credential) })
          .repository(name)
          .fetch(blob),
      ).rejects.toMatchObject({
        code: 'UNAUTHORIZED',
        message: expect.not.stringContaining('wrong'),
        hint: expect.stringContaining(basic.host),
      });
    }
  });

  test('token: anonymous reads what is public and is refused the rest', async () => {
    expect(await buffer(await client({}).repository(`${token.host}/public/app`).fetch(blob))).toEqual(content);
    await expect(client({}).repository(`${token.host}/private/app`).fetch(blob)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    });
    expect(tokenRequests().map(({ grant }) => grant)).toEqual(['anonymous', 'anonymous']);
  });

  test('token: a wrong password is told with the registry it is for', async () => {
    const repository = client({ credentials: always({ ...GOOD, password: 'wrong' }) }).repository(`${token.host}/a`);
    await expect(repository.fetch(blob)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      hint: expect.stringContaining(token.host),
    });
  });

  test('token: one token serves a whole job, parallel first requests included', async () => {
    const repository = client({ credentials: always(GOOD) }).repository(`${token.host}/job`, {
      actions: ['pull', 'push'],
      scopes: [repositoryScope('public/app', 'pull')],
    });
    await Promise.all([
      repository.exists(blob),
      repository.exists(descriptorOf(Buffer.from('b'), { mediaType: 'x' })),
      repository.resolve('none').catch(() => undefined),
    ]);
    expect(await repository.mount(blob, 'public/app')).toBe(true);
    expect(tokenRequests()).toHaveLength(1);
    expect(tokenRequests()[0]?.scopes).toEqual(['repository:job:pull,push', 'repository:public/app:pull']);
  });

  test('token: a mount asks for a token that reads the other repository', async () => {
    const repository = client({ credentials: always(GOOD) }).repository(`${token.host}/mounted`);
    expect(await repository.mount(blob, 'public/app')).toBe(true);
    expect(await repository.mount(descriptorOf(Buffer.from('?'), { mediaType: 'x' }), 'public/app')).toBe(false);
    expect(tokenRequests().at(-1)?.scopes).toEqual(['repository:mounted:pull,push', 'repository:public/app:pull']);
  });

  test('token: an identity token is exchanged by OAuth2', async () => {
    const identity: Credential = { kind: 'identity-token', token: token.tokens?.identityToken ?? '' };
    const repository = client({ credentials: always(identity) }).repository(`${token.host}/oauth`);
    await repository.push(blob, content);
    expect(new Set(tokenRequests().map(({ grant }) => grant))).toEqual(new Set(['refresh_token']));
  });

  test('token: one that is refused midway is replaced once', async () => {
    const repository = client({ credentials: always(GOOD) }).repository(`${token.host}/public/app`);
    token.tokens?.expireNext(1);
    await expect(repository.fetch(blob)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    // The refused one was dropped: the next request asks again.
    expect(await buffer(await repository.fetch(blob))).toEqual(content);
    expect(tokenRequests()).toHaveLength(2);
  });

  test('token: one that expires between requests is replaced without a failure', async () => {
    await using proxy = await startFaultProxy(token.host);
    const repository = client({ credentials: always(GOOD) }).repository(`${proxy.host}/public/app`);
    await buffer(await repository.fetch(blob));
    const challenge = `Bearer realm="${token.tokens?.realm}",service="${token.tokens?.service}",scope="repository:public/app:pull",error="invalid_token"`;
    proxy.inject(/^GET .*blobs/, { kind: 'answer', status: 401, headers: { 'www-authenticate': challenge } });
    expect(await buffer(await repository.fetch(blob))).toEqual(content);
    expect(tokenRequests()).toHaveLength(2);
  });

  test('credentials stay with their host over a redirect', async () => {
    await using elsewhere = await startFaultProxy(token.host);
    await using proxy = await startFaultProxy(token.host);
    const repository = client({ credentials: always(GOOD) }).repository(`${proxy.host}/public/app`);
    await buffer(await repository.fetch(blob));
    const location = `http://${elsewhere.host}/storage?signature=secret`;
    proxy.inject(/^GET .*blobs/, { kind: 'answer', status: 307, headers: { location } });
    elsewhere.inject(/storage/, { kind: 'answer', status: 200, body: 'content' });
    expect(await buffer(await repository.fetch(blob))).toEqual(content);
    expect(proxy.requests.at(-1)?.headers.authorization).toMatch(/^Bearer /);
    expect(elsewhere.requests.at(-1)?.headers.authorization).toBeUndefined();
    proxy.inject(/^GET .*blobs/, { kind: 'answer', status: 307, headers: { location } });
    elsewhere.inject(/storage/, { kind: 'answer', status: 403, body: 'expired' });
    const failure: unknown = await repository.fetch(blob).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'DENIED', details: { address: expect.stringContaining('signature=***') } });
    expect(JSON.stringify(failure)).not.toContain('secret');
  });

  test('a 401 of another host than the registry gets no credentials', async () => {
    await using elsewhere = await startFaultProxy(token.host);
    await using proxy = await startFaultProxy(basic.host);
    const repository = client({ credentials: always(GOOD) }).repository(`${proxy.host}/public/app`);
    proxy.inject(/^GET .*blobs/, {
      kind: 'answer',
      status: 307,
      headers: { location: `http://${elsewhere.host}/storage` },
    });
    elsewhere.inject(/storage/, { kind: 'answer', status: 401, headers: { 'www-authenticate': 'Basic realm="give"' } });
    await expect(repository.fetch(blob)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(elsewhere.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  describe("Docker's configuration", () => {
    const folder = mkdtempSync(join(tmpdir(), 'polyarch-docker-'));
    const file = join(folder, 'config.json');
    const options = { folder, env: { PATH: `${folder}:/usr/bin:/bin` } };
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test('what is stored opens the registry, the file is private, other keys stay', async () => {
      writeFileSync(file, '{"HttpHeaders":{"x":"y"},"auths":{}}');
      await storeCredential(basic.host, GOOD, options);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ HttpHeaders: { x: 'y' } });
      const repository = client({ credentials: dockerCredentials(options) }).repository(`${basic.host}/public/app`);
      expect(await buffer(await repository.fetch(blob))).toEqual(content);
      expect(await eraseCredential(basic.host, options)).toBe(true);
      expect(await eraseCredential(basic.host, options)).toBe(false);
      expect(await dockerCredentials(options).credentialFor(basic.host)).toBeUndefined();
    });

    test('a credential helper is asked by its protocol, stores and erases', async () => {
      const helper = join(folder, 'docker-credential-test');
      writeFileSync(
        helper,
        `#!/bin/sh
case "$1" in
get) read server
  if [ -s "${folder}/kept" ]; then cat "${folder}/kept"; else echo "credentials not found in native keychain"; exit 1; fi;;
store) cat > "${folder}/kept";;
erase) rm -f "${folder}/kept";;
esac
`,
      );
      chmodSync(helper, 0o755);
      writeFileSync(file, JSON.stringify({ credHelpers: { [basic.host]: 'test' } }));
      expect(await dockerCredentials(options).credentialFor(basic.host)).toBeUndefined();
      await storeCredential(basic.host, GOOD, options);
      expect(readFileSync(file, 'utf8')).not.toContain(Buffer.from(REGISTRY_PASSWORD).toString('base64').slice(0, 8));
      expect(await dockerCredentials(options).credentialFor(basic.host)).toEqual(GOOD);
      await eraseCredential(basic.host, options);
      expect(await dockerCredentials(options).credentialFor(basic.host)).toBeUndefined();
    });
  });
});
