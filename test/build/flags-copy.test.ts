import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeFiles } from '../support/environment.ts';
import { type GitServer, startGitHttp } from '../support/git-server.ts';
import { packTar } from '../support/pack-tar.ts';
import { readLayout } from './image-reader.ts';
import { sharedEnvironment, succeed } from './project.ts';
import { listTar } from './tar-listing.ts';

const environment = sharedEnvironment({});
const at = (...parts: string[]): string => join(environment().folder, ...parts);
let count = 0;

function tryBuild(dockerfile: string, args: readonly string[] = []) {
  environment().write({ 'one.Dockerfile': dockerfile });
  return environment().polyarch(['build', '-f', 'one.Dockerfile', ...args, 'context'], { allowFailure: true });
}

/** Builds a Dockerfile and lists the files of its last layers, one after the other. */
async function layers(dockerfile: string) {
  const folder = `layers-${count++}`;
  succeed(await tryBuild(dockerfile, ['-o', `type=oci,dest=${folder},tar=false`]));
  const [image] = (await readLayout(at(folder))).images;
  return (image?.layers ?? []).map((tar) => listTar(tar));
}

/** The files of a result: `path → mode owner text`. */
async function result(dockerfile: string): Promise<Record<string, string>> {
  const merged: Record<string, string> = {};
  for (const layer of await layers(dockerfile)) {
    for (const [path, { type, mode, uid, gid, text, link }] of layer) {
      const owner = uid === 0 && gid === 0 ? '' : ` ${uid}:${gid}`;
      const kind = type === '5' ? '/' : type === '2' ? `->${link}` : text;
      merged[path] = `${type === '2' ? '' : `${mode.toString(8)} `}${kind}${owner}`;
    }
  }
  return merged;
}

const served = new Map<string, Buffer>();
const web = createServer((request, response) => {
  const body = served.get((request.url ?? '').replace(/^\//, ''));
  const headers = { 'last-modified': 'Sat, 01 Jan 2022 00:00:00 GMT', 'content-length': body?.length ?? 0 };
  response.writeHead(body === undefined ? 404 : 200, headers).end(body);
});
let url = '';
let git: GitServer;

const TAR = packTar([
  { path: 'in/', type: 'directory', mode: 0o750 },
  { path: 'in/file', type: 'file', mode: 0o640, uid: 3, gid: 4, text: 'packed\n' },
]);

beforeAll(async () => {
  environment().write({
    'context/a.txt': 'a\n',
    'context/b.txt': 'b\n',
    'context/dir/one': '1\n',
    'context/dir/sub/two': '2\n',
    'context/dir/skip.log': 'x\n',
    'context/with space/f': 'x\n',
  });
  chmodSync(at('context/a.txt'), 0o600);
  chmodSync(at('context/dir/sub'), 0o700);
  symlinkSync('../a.txt', at('context/dir/link'));
  writeFileSync(at('context/t.tar'), TAR);
  writeFileSync(at('context/t.tgz'), gzipSync(TAR));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const address = web.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  served.set('some/file.txt', Buffer.from('web\n'));
  served.set('t.tar', TAR);
  const work = at('git/repo');
  mkdirSync(work, { recursive: true });
  writeFiles(work, { 'README.md': 'readme\n', 'sub/inner': 'inner\n' });
  const command = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { cwd: work, stdio: 'pipe' });
  command('init', '-q', '-b', 'main');
  command('add', '.');
  command('commit', '-qm', 'one');
  command('clone', '-q', '--bare', work, at('git/repo.git'));
  git = await startGitHttp(at('git'));
});
afterAll(async () => {
  web.closeAllConnections();
  web.close();
  await git[Symbol.asyncDispose]();
});

describe('COPY', () => {
  test('files, folders, patterns, names with spaces', async () => {
    expect(
      await result(`FROM scratch
COPY a.txt /file
COPY *.txt /many/
COPY dir /all
COPY ["with space", "/with space/"]
COPY dir/one dir/sub /picked/
`),
    ).toMatchObject({
      file: '600 a\n',
      'many/a.txt': '600 a\n',
      'many/b.txt': '644 b\n',
      'all/one': '644 1\n',
      'all/sub': '700 /',
      'all/sub/two': '644 2\n',
      'all/link': '->../a.txt',
      'with space/f': '644 x\n',
      'picked/one': '644 1\n',
      'picked/two': '644 2\n',
    });
  });

  test('--chown by number and by name, --chmod', async () => {
    const files = await result(`FROM busybox
RUN echo app:x:21:22::/:/bin/sh >> /etc/passwd && echo team:x:33: >> /etc/group
COPY --chown=5 dir/one /number
COPY --chown=5:6 dir /folder
COPY --chown=app dir/one /user
COPY --chown=app:team --chmod=0751 dir/one /both
COPY --chmod=u=rwX,go=rX a.txt /letters
`);
    expect(files).toMatchObject({
      number: '644 1\n 5:5',
      'folder/sub/two': '644 2\n 5:6',
      user: '644 1\n 21:22',
      both: '751 1\n 21:33',
      letters: '644 a\n',
    });
    const { code, stderr } = await tryBuild('FROM busybox\nCOPY --chown=nobody-here a.txt /\n');
    expect([code, stderr]).toEqual([1, expect.stringContaining('nobody-here')]);
  });

  test('--exclude and --parents', async () => {
    const files = await result(`# syntax=docker/dockerfile:1-labs
FROM scratch
COPY --exclude=*.log --exclude=sub dir /some/
COPY --parents dir/sub/two /kept/
COPY --parents dir/./sub/two /pivot/
`);
    expect(Object.keys(files).toSorted()).toEqual(
      expect.arrayContaining(['some/link', 'some/one', 'kept/dir/sub/two', 'pivot/sub/two']),
    );
    expect(Object.keys(files)).not.toContain('some/skip.log');
    expect(Object.keys(files)).not.toContain('some/sub');
  });

  test('--from a stage by name, by number, an image, and a stage below a stage', async () => {
    const files = await result(`FROM busybox AS first
RUN echo first > /first
FROM first
RUN echo second > /second
FROM scratch
COPY --from=first /first /by-name
COPY --from=1 /first /second /by-number/
COPY --from=busybox /etc/passwd /of-image
`);
    expect(files).toMatchObject({ 'by-name': '644 first\n', 'by-number/second': '644 second\n' });
    expect(files['of-image']).toContain('root:');
  });

  test('--link: the layer is the same on any base', async () => {
    const linked = async (base: string) => (await layers(`FROM ${base}\nCOPY --link dir /linked/\n`)).at(-1);
    const [one, two] = [await linked('scratch'), await linked('busybox')];
    expect(one).toEqual(two);
    expect(one?.get('linked/sub/two')?.text).toBe('2\n');
  });

  test('--link of the same twice: the later one lies on top of what came between', async () => {
    const link = 'COPY --link a.txt /linked/';
    const check = 'cp /linked/a.txt /seen && ls -A /linked > /names';
    const seen = await result(
      `FROM busybox\n${link}\nRUN echo between > /linked/a.txt; echo > /linked/b\n${link}\nRUN ${check}\n`,
    );
    expect([seen['seen'], seen['names']]).toEqual([
      expect.stringContaining(seen['linked/a.txt'] ?? 'none'),
      '644 a.txt\nb\n',
    ]);
  });

  test('over what is there: a file over a file, a folder into a folder, no way through a link', async () => {
    const files = await result(`FROM busybox
RUN mkdir -p /d/sub /real && echo old > /d/one && ln -s /real /via
COPY dir /d
COPY a.txt /via/
`);
    expect(files).toMatchObject({ 'd/one': '644 1\n', 'real/a.txt': '600 a\n' });
  });

  test.each([
    ['COPY nothing /', /nothing/],
    ['COPY ../outside.txt /', /outside\.txt/],
    ['COPY --chmod=99999 a.txt /', /99999/],
  ])('%s fails with its place', async (line, message) => {
    environment().write({ 'outside.txt': 'x' });
    const { code, stderr } = await tryBuild(`FROM busybox\n${line}\n`);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect(stderr).toMatch(/one\.Dockerfile:2/);
    expect(stderr).not.toContain('internal error');
  });
});

describe('ADD', () => {
  test('unpacks archives of the context, and only those', async () => {
    const files = await result(`FROM scratch
ADD t.tar /tar/
ADD t.tgz /tgz/
ADD a.txt /plain
COPY t.tar /copied.tar
`);
    expect(files).toMatchObject({
      'tar/in': '750 /',
      'tar/in/file': '640 packed\n 3:4',
      'tgz/in/file': '640 packed\n 3:4',
      plain: '600 a\n',
    });
    expect(files['copied.tar']).toMatch(/^644 in\//);
  });

  test('a file from the web, with its time and a checksum', async () => {
    const sum = createHash('sha256').update('web\n').digest('hex');
    const all = await layers(`FROM scratch
ADD ${url}/some/file.txt /web/
ADD --checksum=sha256:${sum} --chmod=0644 --chown=7 ${url}/some/file.txt /named
ADD ${url}/t.tar /web/
ADD --unpack=true ${url}/t.tar /unpacked/
`);
    const find = (path: string) => all.flatMap((layer) => layer.get(path) ?? [])[0];
    expect(find('web/file.txt')).toMatchObject({ mode: 0o600, mtime: 1_640_995_200, text: 'web\n' });
    expect(find('named')).toMatchObject({ mode: 0o644, uid: 7, text: 'web\n' });
    expect(find('web/t.tar')?.type).toBe('0');
    expect(find('unpacked/in/file')?.text).toBe('packed\n');
  });

  test.each([
    [
      'another checksum',
      () => `ADD --checksum=sha256:${'0'.repeat(64)} ${url}/some/file.txt /`,
      /sha256:0000.*|checksum|digest/i,
    ],
    ['a file that is not there', () => `ADD ${url}/missing.txt /`, /missing\.txt.*404|404.*missing\.txt/s],
    ['a repository that is not there', () => `ADD ${git.url}/missing.git /x`, /missing\.git/],
  ])('%s is an error', async (_name, line, message) => {
    const { code, stderr } = await tryBuild(`FROM scratch\n${line()}\n`);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect(stderr).not.toContain('internal error');
  });

  test('a git repository', async () => {
    const files = await result(`FROM scratch
ADD ${git.url}/repo.git#main /whole
ADD ${git.url}/repo.git#main:sub /part
ADD --keep-git-dir=true ${git.url}/repo.git /kept
`);
    expect(files).toMatchObject({
      'whole/README.md': '644 readme\n',
      'whole/sub/inner': '644 inner\n',
      'part/inner': '644 inner\n',
    });
    expect(Object.keys(files).filter((path) => path.startsWith('whole/.git'))).toEqual([]);
    expect(Object.keys(files)).toContain('kept/.git/HEAD');
  });
});

describe('what else makes an image', () => {
  test('ONBUILD of a local image', async () => {
    environment().write({
      'onbuild.Dockerfile':
        'FROM busybox\nONBUILD COPY a.txt /triggered\nONBUILD RUN echo ran > /ran\nONBUILD ENV SET=yes\n',
    });
    const args = ['build', '-f', 'onbuild.Dockerfile', '-t', 'onbuild:1', 'context'];
    succeed(await environment().polyarch(args, { allowFailure: true }));
    succeed(await tryBuild('FROM onbuild:1\nRUN echo $SET > /set\n', ['-o', 'triggered', '-t', 'after:1']));
    expect(readFileSync(at('triggered/triggered'), 'utf8')).toBe('a\n');
    expect(readFileSync(at('triggered/set'), 'utf8')).toBe('yes\n');
    expect(readdirSync(at('triggered'))).toContain('ran');
  });

  test('every config instruction', async () => {
    const dockerfile = `FROM busybox
LABEL one=1 "two"="2 2"
MAINTAINER someone
ENV A=1 B="x y"
EXPOSE 80 53/udp
VOLUME /data ["/more"]
WORKDIR /w
USER 5:6
ENTRYPOINT ["/e", "x"]
CMD run it
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=1s --retries=2 CMD true
SHELL ["/bin/ash", "-c"]
`;
    succeed(await tryBuild(dockerfile, ['-o', 'type=oci,dest=config,tar=false']));
    const [image] = (await readLayout(at('config'))).images;
    expect(image?.config).toMatchObject({
      author: 'someone',
      config: {
        Labels: { one: '1', two: '2 2' },
        ExposedPorts: { '80/tcp': {}, '53/udp': {} },
        WorkingDir: '/w',
        User: '5:6',
        Entrypoint: ['/e', 'x'],
        Cmd: ['/bin/sh', '-c', 'run it'],
        StopSignal: 'SIGTERM',
        Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5e9, Timeout: 3e9, StartPeriod: 1e9, Retries: 2 },
        Shell: ['/bin/ash', '-c'],
      },
    });
    expect(image?.config.config.Env).toEqual(expect.arrayContaining(['A=1', 'B=x y']));
    // WORKDIR makes the folder in a layer; the rest of the history has none.
    expect(image?.config.history.filter((item) => item.empty_layer !== true)).toHaveLength(2);
    expect(statSync(at('config')).isDirectory()).toBe(true);
  });
});
