import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { succeed } from '../build/project.ts';
import { expectFailure } from '../registry-cli/cli.ts';
import { testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { startHub, type HubDouble } from '../support/hub.ts';
import { REGISTRY_PASSWORD, REGISTRY_USER } from '../support/registry.ts';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const image = (letter: string, architecture: string, variant: string | null = null) => ({
  digest: digest(letter),
  os: architecture === 'unknown' ? 'unknown' : 'linux',
  architecture,
  variant,
  size: 1000,
});

const TAGS = [
  {
    name: 'v3',
    digest: digest('1'),
    pushed: '2026-03-01T00:00:00Z',
    images: [image('a', 'amd64'), image('b', 'arm', 'v7'), image('c', 'unknown')],
  },
  {
    name: 'latest',
    digest: digest('1'),
    pushed: '2026-03-01T00:00:00Z',
    images: [image('a', 'amd64'), image('b', 'arm', 'v7'), image('c', 'unknown')],
  },
  { name: 'v2', digest: digest('2'), pushed: '2026-02-01T00:00:00Z', images: [image('d', 'arm64', 'v8')] },
  { name: 'v1', digest: digest('3'), pushed: '2026-01-01T00:00:00Z', images: [image('e', 'amd64')] },
  { name: `sha256-${'3'.repeat(64)}.sig`, digest: digest('4'), pushed: '2026-01-01T00:00:00Z', images: [] },
];

describe('Docker Hub', () => {
  let hub: HubDouble;
  let environment: TestEnvironment;
  beforeEach(async () => {
    hub = await startHub(TAGS);
    environment = testEnvironment();
  });
  afterEach(async () => {
    await hub[Symbol.asyncDispose]();
    environment[Symbol.dispose]();
  });

  const polyarch = async (...args: readonly string[]) => {
    const env = { POLYARCH_HUB_URL: hub.address, POLYARCH_DEBUG: '1' };
    const result = await environment.polyarch(args, { allowFailure: true, input: '', env });
    expect(result.stdout + result.stderr).not.toContain(REGISTRY_PASSWORD);
    expect(result.stdout + result.stderr).not.toContain('hub-token-of-the-test');
    return result;
  };
  const logIn = (password: string = REGISTRY_PASSWORD): void => {
    const folder = environment.env['DOCKER_CONFIG'] ?? '';
    mkdirSync(folder, { recursive: true });
    const auth = Buffer.from(`${REGISTRY_USER}:${password}`).toString('base64');
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { 'https://index.docker.io/v1/': { auth } } }));
  };

  test('ls: every page, without a login, with times and platforms', async () => {
    const { stdout } = succeed(await polyarch('tags', 'ls', '--format', 'json', 'me/app'));
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toHaveLength(TAGS.length);
    expect(lines[0]).toEqual({
      tag: 'v3',
      digest: digest('1'),
      platforms: ['linux/amd64', 'linux/arm/v7'],
      size: 3000,
      created: '2026-03-01T00:00:00.000Z',
    });
    expect(lines[2]).toMatchObject({ tag: 'v2', platforms: ['linux/arm64'] });
    expect(hub.requests).toHaveLength(3);
  });

  test('the address in config.toml; a key that is none is told', async () => {
    const folder = join(environment.env['XDG_CONFIG_HOME'] ?? '', 'polyarch');
    mkdirSync(folder, { recursive: true });
    const list = () => environment.polyarch(['tags', 'ls', '-q', 'me/app'], { allowFailure: true });
    writeFileSync(join(folder, 'config.toml'), `[hub]\nurl = "${hub.address}"\n`);
    expect(succeed(await list()).stdout.split('\n')).toContain('v2');
    writeFileSync(join(folder, 'config.toml'), '[hub]\nurk = "x"\n');
    expectFailure(await list(), 'REGISTRY_CONFIG', /hub\.urk/, /url/);
    writeFileSync(join(folder, 'config.toml'), '[hub]\nurl = "ftp://x"\n');
    expectFailure(await list(), 'REGISTRY_CONFIG', /config\.toml/);
  });

  test('rm: only the tag goes; a wrong password and none are UNAUTHORIZED', async () => {
    expectFailure(await polyarch('tags', 'rm', 'me/app:v3'), 'UNAUTHORIZED', /polyarch login/);
    logIn('wrong');
    expectFailure(await polyarch('tags', 'rm', 'me/app:v3'), 'UNAUTHORIZED', /127\.0\.0\.1/);
    logIn();
    expect(succeed(await polyarch('tags', 'rm', 'me/app:v3')).stdout).toBe('Untagged: docker.io/me/app:v3\n');
    expect([...hub.tags.keys()]).toContain('latest');
    expect(hub.tags.has('v3')).toBe(false);
    expectFailure(await polyarch('tags', 'rm', 'me/app:v3'), 'NOT_FOUND', /me\/app:v3/);
  });

  test('prune: what is chosen and what belongs to it; the rest stays', async () => {
    logIn();
    const args = ['prune', '--registry', 'me/app', '--match', 'v*', '--keep', '2'];
    const { stdout } = succeed(await polyarch(...args, '--dry-run'));
    expect(stdout).toMatch(/2 tags of 5/);
    expect(hub.tags.size).toBe(5);
    succeed(await polyarch(...args, '-f'));
    expect([...hub.tags.keys()]).toEqual(['v3', 'latest', 'v2']);
  });

  test('readme: the file and the short text; too long a one is refused before anything is sent', async () => {
    logIn();
    environment.write({ 'README.md': '# App\n', 'long.md': 'é'.repeat(12_501) });
    expect(succeed(await polyarch('readme', 'push', 'me/app', '--short', 'An app')).stdout).toBe('docker.io/me/app\n');
    expect(hub.texts).toEqual({ description: 'An app' });
    succeed(await polyarch('readme', 'push', 'me/app'));
    expect(hub.texts).toEqual({ description: 'An app', full_description: '# App\n' });
    hub.requests.length = 0;
    expectFailure(await polyarch('readme', 'push', 'me/app', '--file', 'long.md'), 'HUB_TEXT_TOO_LONG', /25002 bytes/);
    const short = await polyarch('readme', 'push', 'me/app', '--short', 'x'.repeat(101));
    expectFailure(short, 'HUB_TEXT_TOO_LONG', /101 bytes/);
    expect(hub.requests).toEqual([]);
    expectFailure(await polyarch('readme', 'push', 'me/app', '--file', 'none.md'), 'NOT_FOUND', /none\.md/);
    expectFailure(await polyarch('readme', 'push', 'me/other', '--short', 'x'), 'NOT_FOUND', /me\/other/);
    expectFailure(await polyarch('readme', 'push', '127.0.0.1:1/a/b', '--short', 'x'), 'HUB_ONLY', /--annotation/);
  });

  test('a failure that passes is tried again; an answer that is none is told', async () => {
    hub.failNext(503);
    expect(succeed(await polyarch('tags', 'ls', '-q', 'me/app')).stderr).toMatch(/retrying/);
    hub.failNext(200, '<html>');
    expectFailure(await polyarch('tags', 'ls', '-q', 'me/app'), 'REGISTRY_ERROR', /no JSON/);
  });
});
