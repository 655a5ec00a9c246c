import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ATTRIBUTE } from '../../src/llb/attributes.ts';
import { openGit } from '../../src/worker/sources/git-checkout.ts';
import type { GitEnvironment } from '../../src/worker/sources/git-program.ts';
import { gitSource } from '../../src/worker/sources/git-source.ts';
import { type GitServer, startGitDaemon, startGitHttp } from '../support/git-server.ts';
import { describeTree, temporaryFolder } from '../support/tree.ts';

/* git itself on both sides, on loopback. */

const WHO = { NAME: 'a', EMAIL: 'a@example.com', DATE: '1700000000 +0000' };
const ENV: Record<string, string> = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};
for (const [key, value] of Object.entries(WHO))
  for (const role of ['AUTHOR', 'COMMITTER']) ENV[`GIT_${role}_${key}`] = value;

const served = mkdtempSync(join(tmpdir(), 'polyarch-git-'));
const app = join(served, 'app.git');
const ids = { first: '', second: '', main: '' };
let daemon: GitServer;

function run(repository: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: repository, env: ENV, encoding: 'utf8' }).trim();
}

function commit(repository: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
  run(repository, 'add', '-A');
  run(repository, 'commit', '-q', '-m', 'change');
  return run(repository, 'rev-parse', 'HEAD');
}

beforeAll(async () => {
  daemon = await startGitDaemon(served);
  for (const name of ['app.git', 'sub.git']) {
    mkdirSync(join(served, name));
    run(join(served, name), 'init', '-q', '-b', 'main');
  }
  commit(join(served, 'sub.git'), { inner: 'sub' });
  ids.first = commit(app, { Dockerfile: 'FROM first', 'docs/a': 'A' });
  run(app, 'tag', '-a', 'v1', '-m', 'one');
  run(app, 'tag', 'light');
  ids.second = commit(app, { Dockerfile: 'FROM second', 'bin/tool': '#!/bin/sh\n' });
  run(app, 'checkout', '-q', '-b', 'with-sub');
  run(app, '-c', 'protocol.allow=always', 'submodule', '--quiet', 'add', '../sub.git', 'vendor/sub');
  run(app, 'config', '-f', '.gitmodules', 'submodule.vendor/sub.url', '../sub.git');
  commit(app, {});
  run(app, 'checkout', '-q', 'main');
  run(app, 'submodule', 'deinit', '-q', '--all', '-f');
  rmSync(join(app, 'vendor'), { recursive: true, force: true });
  symlinkSync('docs/a', join(app, 'link'));
  ids.main = commit(app, { 'docs/b': 'B' });
}, 60_000);

afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  rmSync(served, { recursive: true, force: true });
});

const NOTHING: GitEnvironment = { env: process.env, secret: async () => undefined, sshSocket: async () => undefined };

async function checkout(
  fragment: string,
  attributes: Record<string, string> = {},
  options: { folder?: string; url?: string; environment?: GitEnvironment } = {},
) {
  const url = options.url ?? `${daemon.url}/app.git`;
  const source = gitSource(`git://${url.replace(/^\w+:\/\//, '')}${fragment}`, {
    [ATTRIBUTE.gitFullUrl]: url,
    ...attributes,
  });
  const opened = await openGit(source, {
    folder: options.folder ?? temporaryFolder(),
    ...(options.environment ?? NOTHING),
  });
  const destination = temporaryFolder();
  await opened.checkout(destination);
  return { ...opened, destination };
}

const FIRST = { Dockerfile: 'FROM first', docs: '/', 'docs/a': 'A' };
const MAIN = {
  Dockerfile: 'FROM second',
  bin: '/',
  'bin/tool': '#!/bin/sh\n 755',
  docs: '/',
  'docs/a': 'A',
  'docs/b': 'B',
  link: '->docs/a',
};

describe('a git source', () => {
  test.each<[string, () => string, Record<string, string>]>([
    ['the default branch', () => '', MAIN],
    ['a branch', () => '#main', MAIN],
    ['a whole ref', () => '#refs/heads/main', MAIN],
    ['an annotated tag', () => '#v1', FIRST],
    ['a plain tag', () => '#refs/tags/light', FIRST],
    ['a commit at a branch', () => `#${ids.main}`, MAIN],
    [
      'a commit that no ref names',
      () => `#${ids.second}`,
      { Dockerfile: 'FROM second', bin: '/', 'bin/tool': '#!/bin/sh\n 755', docs: '/', 'docs/a': 'A' },
    ],
    ['a folder of it', () => '#main:docs', { a: 'A', b: 'B' }],
    ['a folder of the default branch', () => '#:docs', { a: 'A', b: 'B' }],
    [
      'submodules',
      () => '#with-sub',
      {
        '.gitmodules': '[submodule "vendor/sub"]\n\tpath = vendor/sub\n\turl = ../sub.git\n',
        Dockerfile: 'FROM second',
        bin: '/',
        'bin/tool': '#!/bin/sh\n 755',
        docs: '/',
        'docs/a': 'A',
        vendor: '/',
        'vendor/sub': '/',
        'vendor/sub/inner': 'sub',
      },
    ],
  ])('%s', async (_name, fragment, expected) => {
    const { destination } = await checkout(fragment());
    expect(describeTree(destination)).toEqual(expected);
  });

  test('does not depend on the umask', async () => {
    const before = process.umask(0o077);
    try {
      expect(describeTree((await checkout('#v1')).destination)).toEqual(FIRST);
    } finally {
      process.umask(before);
    }
  });

  test('its key is of the commit, not of how it was named', async () => {
    const keys = await Promise.all(
      ['#v1', '#light', `#${ids.first}`].map(async (fragment) => (await checkout(fragment)).key),
    );
    expect(new Set(keys).size).toBe(1);
    expect((await checkout('')).key).not.toBe(keys[0]);
    expect((await checkout('#v1:docs')).key).not.toBe(keys[0]);
  });

  test('keeps .git when asked, without hooks and credentials', async () => {
    const { destination } = await checkout('#v1', { [ATTRIBUTE.gitKeepDirectory]: 'true' });
    expect(run(destination, 'describe', '--tags')).toBe('v1');
    expect(run(destination, 'rev-parse', 'HEAD')).toBe(ids.first);
    expect(run(destination, 'status', '--porcelain')).toBe('');
    expect(readFileSync(join(destination, '.git/config'), 'utf8')).toContain(`${daemon.url}/app.git`);
  });

  test('files get the time of the commit when asked', async () => {
    const { destination } = await checkout('#main', { [ATTRIBUTE.gitMtime]: 'commit' });
    for (const path of ['Dockerfile', 'docs', 'docs/b', '.'])
      expect(statSync(join(destination, path)).mtimeMs).toBe(1_700_000_000_000);
  });

  test('submodules are left out when asked', async () => {
    const { destination } = await checkout('#with-sub', { [ATTRIBUTE.gitSkipSubmodules]: 'true' });
    expect(readdirSync(join(destination, 'vendor/sub'))).toEqual([]);
  });

  test('what was fetched is kept, and a moved branch is followed', async () => {
    const folder = temporaryFolder();
    await checkout('#main', {}, { folder });
    run(app, 'checkout', '-q', '-b', 'moving', 'main');
    expect(describeTree((await checkout('#moving', {}, { folder })).destination)).toEqual(MAIN);
    commit(app, { new: 'N' });
    expect(describeTree((await checkout('#moving', {}, { folder })).destination)).toEqual({ ...MAIN, new: 'N' });
    run(app, 'checkout', '-q', 'main');
    run(app, 'branch', '-q', '-D', 'moving');
    expect(readdirSync(folder).filter((name) => name.endsWith('.git'))).toHaveLength(1);
  });

  test('a checksum', async () => {
    await expect(checkout('#v1', { [ATTRIBUTE.gitChecksum]: ids.first.slice(0, 12) })).resolves.toBeDefined();
    await expect(checkout('#v1', { [ATTRIBUTE.gitChecksum]: ids.main })).rejects.toThrow(
      expect.objectContaining({ code: 'GIT_CHECKSUM_MISMATCH' }),
    );
    const { destination } = await checkout('#v1', {
      [ATTRIBUTE.gitChecksum]: ids.second,
      [ATTRIBUTE.gitFetchByCommit]: 'true',
    });
    expect(readFileSync(join(destination, 'Dockerfile'), 'utf8')).toBe('FROM second');
  });

  test.each<[string, string, Record<string, string>, string, RegExp]>([
    ['a missing branch', '#mian', {}, 'GIT_REF_NOT_FOUND', /no branch or tag "mian", did you mean "main"/],
    ['a missing commit', `#${'1'.repeat(40)}`, {}, 'GIT_REF_NOT_FOUND', /no commit 1111/],
    ['a missing folder', '#main:nowhere', {}, 'GIT_SUBDIRECTORY', /no folder "nowhere"/],
    ['a link as the folder', '#main:link', {}, 'GIT_SUBDIRECTORY', /no folder "link"/],
    ['an option as the ref', '#--upload-pack=x', {}, 'GIT_REFERENCE_INVALID', /no name of a branch/],
    ['a command as the address', '#main', { [ATTRIBUTE.gitFullUrl]: 'ext::sh -c id' }, 'GIT_', /./],
  ])('%s is an error', async (_name, fragment, attributes, code, message) => {
    await expect(checkout(fragment, attributes)).rejects.toThrow(
      expect.objectContaining({
        code: expect.stringContaining(code) as string,
        message: expect.stringMatching(message) as string,
      }),
    );
  });

  test('a server that is not there is an error that names it', async () => {
    await expect(checkout('', {}, { url: 'git://127.0.0.1:1/app.git' })).rejects.toThrow(
      expect.objectContaining({ code: 'GIT_UNREACHABLE' }),
    );
  });
});

const withSecret = (id: string, value: string): GitEnvironment => ({
  ...NOTHING,
  secret: async (asked) => (asked === id ? Buffer.from(`${value}\n`) : undefined),
});

describe('credentials', () => {
  const token = 's3cret-token';
  const header = `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
  const attributes = {
    [ATTRIBUTE.gitAuthTokenSecret]: 'GIT_AUTH_TOKEN',
    [ATTRIBUTE.gitAuthHeaderSecret]: 'GIT_AUTH_HEADER',
  };

  test('a token is sent as a header and kept nowhere', async () => {
    await using server = await startGitHttp(served, header);
    const folder = temporaryFolder();
    const { destination } = await checkout(
      '#v1',
      { ...attributes, [ATTRIBUTE.gitKeepDirectory]: 'true' },
      { url: `${server.url}/app.git`, environment: withSecret('GIT_AUTH_TOKEN', token), folder },
    );
    expect(run(destination, 'rev-parse', 'HEAD')).toBe(ids.first);
    const search = spawnSync('grep', ['-rlE', `${token}|${header.slice('basic '.length)}`, folder, destination], {
      encoding: 'utf8',
    });
    expect(search.stdout).toBe('');
  });

  test.each<[string, string]>([
    ['a token of the host', 'GIT_AUTH_TOKEN.HOST'],
    ['a header', 'GIT_AUTH_HEADER'],
  ])('%s', async (_name, id) => {
    await using server = await startGitHttp(served, header);
    const secret = withSecret(id.replace('HOST', `127.0.0.1:${server.port}`), id.includes('HEADER') ? header : token);
    expect(
      describeTree(
        (await checkout('#v1', attributes, { url: `${server.url}/app.git`, environment: secret })).destination,
      ),
    ).toEqual(FIRST);
  });

  test('user and password of the address', async () => {
    await using server = await startGitHttp(served, `basic ${Buffer.from('me:pass').toString('base64')}`);
    const url = `${server.url.replace('//', '//me:pass@')}/app.git`;
    expect(
      describeTree((await checkout('#v1', { ...attributes, [ATTRIBUTE.gitFullUrl]: url }, { url })).destination),
    ).toEqual(FIRST);
  });

  test('a refusal says what to give, without the secret', async () => {
    await using server = await startGitHttp(served, 'basic other');
    const url = `${server.url}/app.git`;
    const failure = await checkout('#v1', attributes, { url, environment: withSecret('GIT_AUTH_TOKEN', token) }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 'GIT_UNREACHABLE',
      hint: expect.stringContaining('GIT_AUTH_TOKEN') as string,
    });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(token);
  });
});

test('what a killed git left of its locks and packs is no hindrance to the next', async () => {
  const folder = temporaryFolder();
  await checkout('#v1', {}, { folder });
  const bare = readdirSync(folder).find((name) => name.endsWith('.git')) ?? '';
  const left = ['polyarch-index.lock', 'shallow.lock', 'config.lock', 'objects/pack/tmp_pack_a', 'packed-refs.lock'];
  for (const name of left) writeFileSync(join(folder, bare, name), 'half');
  mkdirSync(join(folder, `${bare}.new`));
  const { destination } = await checkout('#main', {}, { folder });
  expect(describeTree(destination)).toEqual(MAIN);
  const found = readdirSync(join(folder, bare), { recursive: true, encoding: 'utf8' });
  expect(found.filter((name) => left.includes(name))).toEqual([]);
});
