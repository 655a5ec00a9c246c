import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Credential } from './credentials.ts';
import { dockerCredentials, eraseCredential, storeCredential } from './docker-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'polyarch-docker-config-'));
const file = join(folder, 'config.json');
const options = { folder, env: { PATH: `${folder}:/usr/bin:/bin` } };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const encoded = (text: string): string => Buffer.from(text).toString('base64');
const password: Credential = { kind: 'password', username: 'u', password: 'p:w' };

const helper = (name: string, body: string): void => {
  writeFileSync(join(folder, `docker-credential-${name}`), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, `docker-credential-${name}`), 0o755);
};

test.each<[string, unknown, string, Credential | undefined]>([
  ['an auth entry', { auths: { 'r.example': { auth: encoded('u:p:w') } } }, 'r.example', password],
  ['user and password apart', { auths: { 'r.example': { username: 'u', password: 'p:w' } } }, 'r.example', password],
  [
    "Docker Hub's old key",
    { auths: { 'https://index.docker.io/v1/': { auth: encoded('u:p:w') } } },
    'docker.io',
    password,
  ],
  ['Docker Hub by its name', { auths: { 'docker.io': { auth: encoded('u:p:w') } } }, 'docker.io', password],
  [
    'a key with scheme and path',
    { auths: { 'https://r.example:5000/v2/': { auth: encoded('u:p:w') } } },
    'r.example:5000',
    password,
  ],
  ['another port', { auths: { 'r.example:5000': { auth: encoded('u:p:w') } } }, 'r.example', undefined],
  [
    'an identity token before the password',
    { auths: { 'r.example': { auth: encoded('u:p'), identitytoken: 't' } } },
    'r.example',
    { kind: 'identity-token', token: 't' },
  ],
  [
    'a registry token',
    { auths: { 'r.example': { registrytoken: 't' } } },
    'r.example',
    { kind: 'registry-token', token: 't' },
  ],
  [
    'the exact key before others',
    { auths: { 'https://r.example/v1/': { auth: encoded('old:x') }, 'r.example': { auth: encoded('u:p:w') } } },
    'r.example',
    password,
  ],
  [
    'entries of the wrong shape',
    { auths: { 'r.example': 'x', 'https://r.example': { auth: 5 } } },
    'r.example',
    undefined,
  ],
  ['nothing', {}, 'r.example', undefined],
])('%s', async (_name, config, host, expected) => {
  writeFileSync(file, JSON.stringify(config));
  expect(await dockerCredentials(options).credentialFor(host)).toEqual(expected);
});

test('without a file nobody is known', async () => {
  expect(
    await dockerCredentials({ ...options, folder: join(folder, 'none') }).credentialFor('r.example'),
  ).toBeUndefined();
});

test('DOCKER_AUTH_CONFIG is read before the file', async () => {
  writeFileSync(file, JSON.stringify({ auths: { 'r.example': { auth: encoded('file:x') } } }));
  const env = {
    ...options.env,
    DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { 'r.example': { auth: encoded('u:p:w') } } }),
  };
  expect(await dockerCredentials({ ...options, env }).credentialFor('r.example')).toEqual(password);
});

test.each(['{"auths":{"r":{"auth":"c2VjcmV0"}}', '[]', '"c2VjcmV0"'])(
  'a file that is no JSON object is refused without quoting it: %s',
  async (text) => {
    writeFileSync(file, text);
    await expect(dockerCredentials(options).credentialFor('r')).rejects.toMatchObject({
      code: 'DOCKER_CONFIG_INVALID',
      message: expect.not.stringContaining('c2VjcmV0'),
    });
  },
);

test('the helper of a host goes before the store, and the store before auths', async () => {
  helper('one', `echo '{"ServerURL":"x","Username":"one","Secret":"s"}'`);
  helper('two', `echo '{"ServerURL":"x","Username":"<token>","Secret":"s"}'`);
  writeFileSync(file, JSON.stringify({ credsStore: 'two', credHelpers: { 'r.example': 'one' } }));
  const source = dockerCredentials(options);
  expect(await source.credentialFor('r.example')).toEqual({ kind: 'password', username: 'one', password: 's' });
  expect(await source.credentialFor('docker.io')).toEqual({ kind: 'identity-token', token: 's' });
});

test('a helper that knows none leaves it to auths', async () => {
  helper('none', 'echo "credentials not found in native keychain"; exit 1');
  writeFileSync(file, JSON.stringify({ credsStore: 'none', auths: { 'r.example': { auth: encoded('u:p:w') } } }));
  expect(await dockerCredentials(options).credentialFor('r.example')).toEqual(password);
});

test.each([
  ['fails', 'echo "locked"; exit 1', /ended with 1: locked/],
  ['says no JSON', 'echo hello', /no JSON/],
  ['hangs', 'exec sleep 30', /no answer in 0\.2 s/],
  ['says too much', 'exec yes', /too much/],
])('a helper that %s is named', async (name, body, message) => {
  helper(name.replaceAll(' ', '-'), body);
  writeFileSync(file, JSON.stringify({ credsStore: name.replaceAll(' ', '-') }));
  await expect(dockerCredentials({ ...options, helperTimeout: 200 }).credentialFor('r')).rejects.toMatchObject({
    code: 'CREDENTIAL_HELPER_FAILED',
    message: expect.stringMatching(message),
  });
});

test('a helper that is not installed is told once, and its hosts go without', async () => {
  writeFileSync(file, JSON.stringify({ credsStore: 'desktop.exe' }));
  const warnings: string[] = [];
  const source = dockerCredentials({ ...options, onWarning: (message) => warnings.push(message) });
  expect(await source.credentialFor('r.example')).toBeUndefined();
  expect(await source.credentialFor('docker.io')).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining('docker-credential-desktop.exe')]);
});

test('a helper name cannot be a path', async () => {
  writeFileSync(file, JSON.stringify({ credsStore: '../../bin/sh' }));
  await expect(dockerCredentials(options).credentialFor('r')).rejects.toMatchObject({
    code: 'CREDENTIAL_HELPER_FAILED',
  });
});

test('storing replaces every spelling of the host, erasing removes them', async () => {
  writeFileSync(file, JSON.stringify({ auths: { 'https://r.example/v1/': { auth: encoded('old:x') }, other: {} } }));
  await storeCredential('r.example', password, options);
  expect(await dockerCredentials(options).credentialFor('r.example')).toEqual(password);
  await storeCredential('docker.io', { kind: 'identity-token', token: 't' }, options);
  expect(await dockerCredentials(options).credentialFor('docker.io')).toEqual({ kind: 'identity-token', token: 't' });
  expect(await eraseCredential('r.example', options)).toBe(true);
  expect(await dockerCredentials(options).credentialFor('r.example')).toBeUndefined();
});
