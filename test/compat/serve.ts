import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { startGitDaemon } from '../support/git-server.ts';
import { packTar } from '../support/pack-tar.ts';
import { fillDigests } from './fill-digests.ts';
import { writeFiles } from '../support/environment.ts';

/**
 * What cases fetch, on loopback. `fill` puts the places for `{{http}}` and `{{git}}`, and the commits of repo.git's
 * branches for `{{main}}` and `{{other}}`, or as many of their letters (`{{main:12}}`), and digests (see fill-digests.ts).
 */
export interface Served extends AsyncDisposable {
  fill(text: string): string;
  /** Puts `{{http}}` and `{{git}}` for the addresses. */
  unfill(text: string): string;
}

const CONTEXT = gzipSync(
  packTar([
    { path: 'Dockerfile', type: 'file', text: 'FROM scratch\nCOPY . /\nCOPY d /x\n', mtime: 1_500_000_000 },
    { path: '.dockerignore', type: 'file', text: 'skip\n', mtime: 1_500_000_000 },
    { path: 'skip', type: 'file', text: 's\n', mtime: 1_510_000_000 },
    { path: 'd/', type: 'directory', mode: 0o750, uid: 7, gid: 8, mtime: 1_520_000_000 },
    { path: 'd/f', type: 'file', text: 'f\n', mode: 0o751, uid: 5, gid: 6, mtime: 1_500_000_000 },
  ]),
);

/** Without a Last-Modified. */
const UNTIMED: ReadonlySet<string> = new Set(['/now', '/untimed.tgz']);

/** Files of `{{http}}/…`; most have the same Last-Modified. */
export const served: Readonly<Record<string, Uint8Array>> = {
  '/file.txt': Buffer.from('served\n'),
  '/a%20b.txt': Buffer.from('spaced\n'),
  '/now': Buffer.from('no time\n'),
  '/named': Buffer.from('named by a header\n'),
  '/archive.tar': packTar([
    { path: 'in/', type: 'directory', mtime: 1_500_000_000 },
    { path: 'in/file', type: 'file', text: 'of an archive\n', mode: 0o640, uid: 5, gid: 6, mtime: 1_500_000_000 },
  ]),
  '/context.tgz': CONTEXT,
  '/untimed.tgz': CONTEXT,
  '/plain': Buffer.from('FROM busybox\nCOPY . /to/\n'),
  '/archive.tgz': gzipSync(packTar([{ path: 'zipped', type: 'file', text: 'packed\n', mtime: 1_500_000_000 }])),
};

const TIME = 'Tue, 02 Jan 2018 03:04:05 GMT';

/** Runs git in a folder that it makes, with one person at one time; gives what git says. */
function gitIn(work: string): (...args: readonly string[]) => string {
  mkdirSync(work, { recursive: true });
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    ...Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((who) => [
        [`GIT_${who}_NAME`, 'tester'],
        [`GIT_${who}_EMAIL`, 'tester@example.invalid'],
        [`GIT_${who}_DATE`, '1600000000 +0000'],
      ]),
    ),
  };
  return (...args) => execFileSync('git', args, { cwd: work, env, stdio: 'pipe', encoding: 'utf8' }).trim();
}

/**
 * `{{git}}/repo.git`: branches main and other, tags v1 (annotated) and light, a folder `sub`, a link, a program.
 * Gives the commits of its branches.
 */
function makeRepository(folder: string): Readonly<Record<string, string>> {
  const work = join(folder, 'repo.git');
  const git = gitIn(work);
  git('init', '-q', '-b', 'main');
  writeFiles(work, {
    'top.txt': 'top\n',
    'sub/inner.txt': 'inner\n',
    'sub/program': '#!/bin/sh\n',
    Dockerfile: 'FROM busybox\nCOPY top.txt sub /from-git/\n',
    '.dockerignore': 'sub/program\n',
  });
  execFileSync('ln', ['-s', '../top.txt', join(work, 'sub/link')]);
  execFileSync('chmod', ['0755', join(work, 'sub/program')]);
  git('add', '.');
  git('commit', '-q', '-m', 'first');
  git('tag', '-a', 'v1', '-m', 'one');
  git('tag', 'light');
  git('checkout', '-q', '-b', 'other');
  writeFiles(work, { 'top.txt': 'other\n' });
  git('commit', '-q', '-a', '-m', 'second');
  git('checkout', '-q', 'main');
  return { main: git('rev-parse', 'main'), other: git('rev-parse', 'other') };
}

/** `{{git}}/outer.git`: repo.git as a submodule, tag `all`; `{{git}}/lists.git`: builds a list of its context. */
function makeMoreRepositories(folder: string): void {
  const outer = gitIn(join(folder, 'outer.git'));
  outer('init', '-q', '-b', 'main');
  writeFiles(join(folder, 'outer.git'), { Dockerfile: 'FROM scratch\nCOPY . /from-git/\n' });
  outer('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', '../repo.git', 'inner');
  outer('add', '.');
  outer('commit', '-q', '-m', 'first');
  outer('tag', 'all');
  const lists = gitIn(join(folder, 'lists.git'));
  lists('init', '-q', '-b', 'main');
  writeFiles(join(folder, 'lists.git'), {
    Dockerfile: 'FROM busybox\nRUN --mount=target=/c ls -A /c > /list; cat /c/.git/HEAD > /head 2>/dev/null; true\n',
  });
  lists('add', '.');
  lists('commit', '-q', '-m', 'first');
}

export async function startServed(folder: string): Promise<Served> {
  await using stack = new AsyncDisposableStack();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const body = served[path];
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    if (!UNTIMED.has(path)) response.setHeader('last-modified', TIME);
    if (path === '/named') response.setHeader('content-disposition', 'attachment; filename="given.txt"');
    response.end(request.method === 'HEAD' ? undefined : body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const commits = makeRepository(folder);
  makeMoreRepositories(folder);
  const git = stack.use(await startGitDaemon(folder));
  const { port } = server.address() as AddressInfo; // listening on TCP
  const held = stack.move();
  return {
    fill: (text) =>
      fillDigests(text)
        .replaceAll('{{http}}', `http://127.0.0.1:${port}`)
        .replaceAll('{{git}}', git.url)
        .replaceAll(/\{\{(main|other)(?::(\d+))?\}\}/g, (all, branch: string, letters?: string) =>
          (commits[branch] ?? all).slice(0, letters === undefined ? undefined : Number(letters)),
        ),
    unfill: (text) => text.replaceAll(`http://127.0.0.1:${port}`, '{{http}}').replaceAll(git.url, '{{git}}'),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}
