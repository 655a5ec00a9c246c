import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, writeFiles } from '../support/environment.ts';
import { type GitServer, startGitDaemon, startGitHttp } from '../support/git-server.ts';
import { packTar } from '../support/pack-tar.ts';
import { sharedEnvironment } from './project.ts';

/** What the whole context looks like from a build. */
const SEE_ALL = 'FROM scratch\nCOPY . /\n';
const environment = sharedEnvironment({});
const at = (...parts: string[]): string => join(environment().folder, ...parts);
const names = (folder: string): string[] => readdirSync(at(folder), { recursive: true, encoding: 'utf8' }).toSorted();
const build = (args: readonly string[], input?: string) =>
  environment().polyarch(['build', ...args], input === undefined ? {} : { input });
/** With bytes from a file on stdin. */
const buildFrom = (file: string, args: readonly string[]) =>
  run(['sh', '-c', 'exec "$0" "$@" < "$INPUT"', join(import.meta.dirname, '../../bin/polyarch'), 'build', ...args], {
    cwd: environment().folder,
    env: { ...environment().env, INPUT: file },
  });

const TAR = packTar([
  { path: 'Dockerfile', type: 'file', text: SEE_ALL },
  { path: 'sub/file', type: 'file', text: 'from the tar\n' },
  { path: 'sub/link', type: 'symlink', linkname: 'file' },
  { path: 'other.Dockerfile', type: 'file', text: 'FROM scratch\nCOPY sub/file /other\n' },
]);

/** A web server with fixed files; what was asked for is kept. */
const served = new Map<string, Buffer>();
const asked: string[] = [];
const web = createServer((request, response) => {
  asked.push(request.url ?? '');
  const body = served.get((request.url ?? '').replace(/^\//, ''));
  response.writeHead(body === undefined ? 404 : 200, { 'content-length': body?.length ?? 0 }).end(body);
});
let url = '';
let git: GitServer;
let gitHttp: GitServer;
beforeAll(async () => {
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const address = web.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  served.set('context.tar.gz', gzipSync(TAR));
  served.set('context.tar', TAR);
  served.set('a.Dockerfile', Buffer.from('FROM busybox\nRUN echo hi > /hi\n'));
  served.set('file.txt', Buffer.from('from the web\n'));
  const bare = at('..', 'git');
  mkdirSync(bare);
  const work = join(bare, 'work');
  writeFiles(work, { Dockerfile: SEE_ALL, 'file.txt': 'one\n', 'sub/Dockerfile': SEE_ALL, 'sub/inner.txt': 'inner\n' });
  const command = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { cwd: work, stdio: 'pipe' });
  command('init', '-q', '-b', 'main');
  command('add', '.');
  command('commit', '-qm', 'one');
  command('tag', 'v1');
  writeFiles(work, { 'file.txt': 'two\n' });
  command('commit', '-qam', 'two');
  command('clone', '-q', '--bare', work, join(bare, 'repo.git'));
  [git, gitHttp] = await Promise.all([startGitDaemon(bare), startGitHttp(bare)]);
});
afterAll(async () => {
  web.closeAllConnections();
  web.close();
  await Promise.all([git, gitHttp].map((server) => server[Symbol.asyncDispose]()));
});

describe('the context', () => {
  test('a folder, by a relative and an absolute path', async () => {
    environment().write({ 'dir/Dockerfile': SEE_ALL, 'dir/a/b': 'text', 'dir/empty/': '' });
    for (const [i, path] of ['dir', './dir/', at('dir')].entries()) {
      await build(['-o', `dir-${i}`, path]);
      expect(names(`dir-${i}`)).toEqual(['Dockerfile', 'a', 'a/b', 'empty']);
    }
    await environment().polyarch(['build', '-o', '../dir-cwd'], { cwd: at('dir') });
    expect(names('dir-cwd')).toEqual(['Dockerfile', 'a', 'a/b', 'empty']);
  });

  test.each([
    ['plain', TAR],
    ['gzip', gzipSync(TAR)],
    ['zstd', 'zstd'],
    ['xz', 'xz'],
    ['bzip2', 'bzip2'],
  ])('a tar on stdin: %s', async (name, bytes) => {
    const file = at(`${name}.tar`);
    const packed = typeof bytes === 'string' ? execFileSync(bytes, ['-c'], { input: TAR }) : bytes;
    environment().write({ [`${name}.tar`]: '' });
    const { writeFileSync } = await import('node:fs');
    writeFileSync(file, packed);
    await buildFrom(file, ['-o', `stdin-${name}`, '-']);
    expect(names(`stdin-${name}`)).toEqual(['Dockerfile', 'other.Dockerfile', 'sub', 'sub/file', 'sub/link']);
    await buildFrom(file, ['-f', 'other.Dockerfile', '-o', `other-${name}`, '-']);
    expect(names(`other-${name}`)).toEqual(['other']);
  });

  test('a Dockerfile on stdin as the context has no files', async () => {
    await build(['-o', 'only', '-'], 'FROM busybox AS b\nRUN echo hi > /hi\nFROM scratch\nCOPY --from=b /hi /\n');
    expect(names('only')).toEqual(['hi']);
    const copy = environment().polyarch(['build', '-'], { input: 'FROM scratch\nCOPY x /\n', allowFailure: true });
    expect((await copy).code).toBe(1);
  });

  test('a Dockerfile on stdin with a folder', async () => {
    environment().write({ 'stdin-dir/file': 'x', 'stdin-dir/.dockerignore': 'ignored', 'stdin-dir/ignored': 'x' });
    await build(['-f', '-', '-o', 'stdin-out', 'stdin-dir'], SEE_ALL);
    expect(names('stdin-out')).toEqual(['.dockerignore', 'file']);
  });

  test.each(['context.tar.gz', 'context.tar'])('a tarball from the web: %s', async (name) => {
    await build(['-o', `web-${name}`, `${url}/${name}`]);
    expect(readFileSync(at(`web-${name}`, 'sub/link'), 'utf8')).toBe('from the tar\n');
  });

  test('a Dockerfile from the web', async () => {
    await build(['-o', 'web-file', `${url}/a.Dockerfile`]);
    expect(readFileSync(at('web-file/hi'), 'utf8')).toBe('hi\n');
  });

  test('what is not there is an error that names the address', async () => {
    const { code, stderr } = await environment().polyarch(['build', `${url}/nothing.tar`], { allowFailure: true });
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${url}/nothing.tar`)]);
  });

  test.each([
    ['the default branch', 'repo.git', 'two\n', 'file.txt'],
    ['a tag', 'repo.git#v1', 'one\n', 'file.txt'],
    ['a branch and a folder', 'repo.git#main:sub', 'inner\n', 'inner.txt'],
    ['a folder alone', 'repo.git#:sub', 'inner\n', 'inner.txt'],
  ])('git: %s', async (_name, address, text, file) => {
    for (const [i, server] of [git, gitHttp].entries()) {
      const folder = `git-${i}-${address.replaceAll(/\W/g, '-')}`;
      await build(['-o', folder, `${server.url}/${address}`]);
      expect(readFileSync(at(folder, file), 'utf8')).toBe(text);
      expect(names(folder)).not.toContain('.git');
    }
  });

  test('git: with its .git folder and the times of the commit, as build arguments ask', async () => {
    const dockerfile =
      'FROM busybox\nRUN --mount=target=/c cd /c && ls -A > /names && stat -c %Y file.txt > /time\nFROM scratch\nCOPY --from=0 /names /time /\n';
    const read = (folder: string, name: string) => readFileSync(at(folder, name), 'utf8').trim();
    const args = ['--build-arg', 'BUILDKIT_CONTEXT_KEEP_GIT_DIR=1', '--build-arg', 'SOURCE_DATE_EPOCH=1'];
    await build(['-f', '-', '-o', 'git-asked', ...args, `${git.url}/repo.git`], dockerfile);
    await build(['-f', '-', '-o', 'git-plain', `${git.url}/repo.git`], dockerfile);
    expect(read('git-asked', 'names').split('\n')).toContain('.git');
    expect(read('git-plain', 'names').split('\n')).not.toContain('.git');
    const log = ['-C', at('..', 'git', 'repo.git'), 'log', '-1', '--format=%ct', 'main'];
    expect(read('git-asked', 'time')).toBe(execFileSync('git', log, { encoding: 'utf8' }).trim());
  });

  test('a Dockerfile on stdin with a context from the web or from git', async () => {
    const dockerfile = 'FROM scratch\nCOPY sub /only\n';
    await build(['-f', '-', '-o', 'stdin-git', `${git.url}/repo.git`], dockerfile);
    await build(['-f', '-', '-o', 'stdin-web', `${url}/context.tar`], dockerfile);
    expect([names('stdin-git'), names('stdin-web')]).toEqual([
      ['only', 'only/Dockerfile', 'only/inner.txt'],
      ['only', 'only/file', 'only/link'],
    ]);
    const both = environment().polyarch(['build', '-f', '-', '-'], { input: dockerfile, allowFailure: true });
    expect((await both).stderr).toContain('INVALID_ARGUMENT');
  });

  test('git: a reference that is not there', async () => {
    const args = ['build', `${git.url}/repo.git#nowhere`];
    const { code, stderr } = await environment().polyarch(args, { allowFailure: true });
    expect([code, stderr]).toEqual([1, expect.stringContaining('nowhere')]);
  });
});

describe('the Dockerfile', () => {
  test('outside the context', async () => {
    environment().write({ 'apart/My.Dockerfile': SEE_ALL, 'inside/file': 'x' });
    await build(['-f', 'apart/My.Dockerfile', '-o', 'apart-out', 'inside']);
    expect(names('apart-out')).toEqual(['file']);
    await build(['-f', at('apart/My.Dockerfile'), '-o', 'apart-out2', at('inside')]);
    expect(names('apart-out2')).toEqual(['file']);
  });

  test('has an ignore file of its own before .dockerignore', async () => {
    environment().write({
      'own/Dockerfile': SEE_ALL,
      'own/a.Dockerfile': SEE_ALL,
      'own/a.Dockerfile.dockerignore': '*\n!kept\n',
      'own/.dockerignore': 'kept\n*Dockerfile*\n',
      'own/kept': 'x',
      'own/other': 'x',
    });
    await build(['-f', 'own/a.Dockerfile', '-o', 'own-a', 'own']);
    expect(names('own-a')).toEqual(['kept']);
    await build(['-o', 'own-b', 'own']);
    expect(names('own-b')).toEqual(['.dockerignore', 'other']);
  });

  test('.dockerignore: the last match wins, exceptions bring back what is below', async () => {
    environment().write({
      'ign/Dockerfile': SEE_ALL,
      'ign/.dockerignore':
        '# comment\n\n/*.md\n!README.md\n**/*.tmp\nnode_modules\n!node_modules/keep/this\nsub/*/deep\nDockerfile\n.dockerignore\n',
      'ign/README.md': 'x',
      'ign/other.md': 'x',
      'ign/sub/inner.md': 'x',
      'ign/a.tmp': 'x',
      'ign/sub/b.tmp': 'x',
      'ign/node_modules/drop': 'x',
      'ign/node_modules/keep/this': 'x',
      'ign/node_modules/keep/that': 'x',
      'ign/sub/x/deep/file': 'x',
      'ign/sub/x/file': 'x',
    });
    await build(['-o', 'ign-out', 'ign']);
    const files = ['README.md', 'node_modules/keep/this', 'sub/inner.md', 'sub/x/file'];
    expect(names('ign-out').filter((name) => /\.md$|this|file|that|drop|tmp|docker/i.test(name))).toEqual(files);
  });

  test('a COPY of an ignored file says that it is ignored', async () => {
    environment().write({
      'ignored/Dockerfile': 'FROM scratch\nCOPY secret /\n',
      'ignored/.dockerignore': 'secret',
      'ignored/secret': 'x',
    });
    const { code, stderr } = await environment().polyarch(['build', 'ignored'], { allowFailure: true });
    expect([code, stderr]).toEqual([1, expect.stringContaining('.dockerignore')]);
  });

  test('that is a link is read through', async () => {
    environment().write({ 'linked/real': SEE_ALL });
    execFileSync('ln', ['-s', 'real', at('linked/Dockerfile')]);
    await build(['-o', 'linked-out', 'linked']);
    expect(names('linked-out')).toEqual(['Dockerfile', 'real']);
  });
});

describe('--build-context', () => {
  const FROM_OTHER = 'FROM scratch\nCOPY --from=other / /\n';
  const copyOther = async (value: string, folder: string, dockerfile = FROM_OTHER): Promise<string[]> => {
    environment().write({ 'named/Dockerfile': dockerfile });
    await build(['--build-context', `other=${value}`, '-o', folder, 'named']);
    return names(folder);
  };

  test('a folder, with its own .dockerignore', async () => {
    environment().write({ 'second/a': 'x', 'second/b': 'x', 'second/.dockerignore': 'b\n.dockerignore' });
    expect(await copyOther('second', 'named-dir')).toEqual(['a']);
  });

  test('a folder in a RUN mount', async () => {
    environment().write({ 'third/text': 'mounted\n' });
    const mount =
      'FROM busybox AS b\nRUN --mount=from=other,target=/m cp /m/text /out\nFROM scratch\nCOPY --from=b /out /\n';
    expect(await copyOther('third', 'named-mount', mount)).toEqual(['out']);
  });

  test('docker-image://: in place of a stage name and of a base', async () => {
    const copied = 'FROM scratch\nCOPY --from=other /bin/busybox /\n';
    expect(await copyOther('docker-image://busybox', 'named-image', copied)).toEqual(['busybox']);
    environment().write({
      'base/Dockerfile': 'FROM nowhere.example/base:1 AS b\nRUN echo x > /x\nFROM scratch\nCOPY --from=b /x /\n',
    });
    await build(['--build-context', 'nowhere.example/base:1=docker-image://busybox', '-o', 'named-base', 'base']);
    expect(names('named-base')).toEqual(['x']);
  });

  test('oci-layout:// by tag and by digest, a whole index', async () => {
    environment().write({ 'made/Dockerfile': 'FROM busybox\nARG TARGETARCH\nRUN echo $TARGETARCH > /made\n' });
    await build([
      '--platform=linux/amd64,linux/arm64',
      '-t',
      'made:v1',
      '-o',
      'type=oci,dest=layout,tar=false',
      'made',
    ]);
    const index = JSON.parse(readFileSync(at('layout/index.json'), 'utf8')) as { manifests: { digest: string }[] };
    const digest = index.manifests[0]?.digest ?? '';
    environment().write({
      'of-layout/Dockerfile':
        'FROM other\nRUN cat /made | tr a-z A-Z > /upper\nFROM scratch\nCOPY --from=0 /made /upper /\n',
    });
    for (const [i, reference] of [':v1', `@${digest}`, `:v1@${digest}`].entries()) {
      const flags = ['--platform=linux/amd64,linux/arm64', '--build-context', `other=oci-layout://layout${reference}`];
      await build([...flags, '-o', `of-layout-${i}`, 'of-layout']);
      expect(readFileSync(at(`of-layout-${i}`, 'linux_arm64/upper'), 'utf8')).toBe('ARM64\n');
    }
    const missing = ['build', '--build-context', 'other=oci-layout://layout:v2', 'of-layout'];
    const { code, stderr } = await environment().polyarch(missing, { allowFailure: true });
    expect([code, stderr]).toEqual([1, expect.stringContaining('v2')]);
  });

  test('a file from the web is called context, as in BuildKit', async () => {
    expect(await copyOther(`${url}/file.txt`, 'named-web')).toEqual(['context']);
  });

  test.each(['git', 'http'])('a git repository by %s', async (kind) => {
    const server = kind === 'git' ? git : gitHttp;
    expect(await copyOther(`${server.url}/repo.git#v1:sub`, `named-git-${kind}`)).toEqual(['Dockerfile', 'inner.txt']);
  });

  test('target:STAGE of the same file', async () => {
    const stages = 'FROM busybox AS one\nRUN echo one > /one\nFROM scratch\nCOPY --from=other /one /\n';
    expect(await copyOther('target:one', 'named-target', stages)).toEqual(['one']);
  });

  test('a folder that is not there', async () => {
    const args = ['build', '--build-context', 'other=nowhere', 'named'];
    const { code, stderr } = await environment().polyarch(args, { allowFailure: true });
    expect([code, stderr]).toEqual([1, expect.stringContaining('nowhere')]);
  });
});
