import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tryLock } from '../../src/util/lock.ts';
import { readImage, layoutBlobs, layoutIndex } from './image-reader.ts';
import { sharedEnvironment, TWO } from './project.ts';
import { listTar } from './tar-listing.ts';

const FILES = `FROM busybox AS made
RUN mkdir -p /out/sub && echo text > /out/sub/file && chmod 0751 /out/sub/file && ln -s sub/file /out/link \\
 && ln /out/sub/file /out/hard && uname -m > /out/arch && touch -d @1000000000 /out/old
FROM scratch
COPY --from=made /out /
`;
const ONE_NAME = 'FROM busybox AS b\nARG TARGETARCH\nRUN mkdir /o && echo $TARGETARCH > /o/app-$TARGETARCH\n';
const environment = sharedEnvironment({
  Dockerfile: FILES,
  'apart.Dockerfile': `${ONE_NAME}FROM scratch\nCOPY --from=b /o /\n`,
});
const build = (...args: string[]) => environment().polyarch(['build', ...args, '.']);
const failing = (...args: string[]) => environment().polyarch(['build', ...args, '.'], { allowFailure: true });
const at = (...parts: string[]): string => join(environment().folder, ...parts);
const names = (folder: string): string[] => readdirSync(at(folder), { recursive: true, encoding: 'utf8' }).toSorted();
const ALL = ['arch', 'hard', 'link', 'old', 'sub', 'sub/file'];

describe('a folder', () => {
  test('of one platform has the files themselves, owned by whoever builds', async () => {
    const { stdout } = await build('-o', 'out/deep');
    expect(stdout).toBe('');
    expect(names('out/deep')).toEqual(ALL);
    expect(readFileSync(at('out/deep/link'), 'utf8')).toBe('text\n');
    expect(lstatSync(at('out/deep/link')).isSymbolicLink()).toBe(true);
    const file = statSync(at('out/deep/sub/file'));
    expect([file.mode & 0o7777, file.uid, file.ino]).toEqual([
      0o751,
      process.getuid?.(),
      statSync(at('out/deep/hard')).ino,
    ]);
    expect(statSync(at('out/deep/old')).mtimeMs).toBe(1_000_000_000_000);
  });

  test('loses what a killed export left in it, and not what another one writes', async () => {
    for (const name of ['0dead', '11fe']) mkdirSync(at(`swept/.polyarch-${name}.part/0`), { recursive: true });
    using _held = tryLock(at('swept/.polyarch-11fe.part/lock'));
    await build('-o', 'swept');
    expect(readdirSync(at('swept')).toSorted()).toEqual([
      '.polyarch-11fe.part',
      ...ALL.filter((name) => !name.includes('/')),
    ]);
  });

  test('of several platforms has a folder for each', async () => {
    await build('--platform', `${TWO},linux/arm/v7`, '-o', 'type=local,dest=three');
    expect(readdirSync(at('three')).toSorted()).toEqual(['linux_amd64', 'linux_arm64', 'linux_arm_v7']);
    const arch = (name: string): string => readFileSync(at('three', name, 'arch'), 'utf8').trim();
    expect([arch('linux_amd64'), arch('linux_arm64')]).toEqual(['x86_64', 'aarch64']);
    expect(arch('linux_arm_v7')).toMatch(/^armv[78]l$/);
    for (const name of readdirSync(at('three'))) expect(names(`three/${name}`)).toEqual(ALL);
  });

  test('platform-split=true: one platform in a folder too', async () => {
    await build('-o', 'type=local,dest=split,platform-split=true', '--platform', 'linux/arm64');
    expect(readdirSync(at('split'))).toEqual(['linux_arm64']);
  });

  test('platform-split=false joins platforms whose files have names of their own', async () => {
    const output = 'type=local,dest=joined,platform-split=false';
    await build('-f', 'apart.Dockerfile', '--platform', TWO, '-o', output);
    expect(names('joined')).toEqual(['app-amd64', 'app-arm64']);
  });

  test('platform-split=false refuses to lose a file, and writes none', async () => {
    const output = 'type=local,dest=lossy,platform-split=false';
    const { code, stderr } = await failing('--platform', TWO, '-o', output);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/linux\/amd64.*linux\/arm64/s)]);
    expect(existsSync(at('lossy')) ? names('lossy') : []).toEqual([]);
  });

  test('keeps what was there; mode=delete does not', async () => {
    mkdirSync(at('there/sub'), { recursive: true });
    for (const name of ['mine', 'arch', 'sub/mine']) writeFileSync(at('there', name), 'mine');
    await build('-o', 'there');
    expect(names('there')).toEqual([...ALL, 'mine', 'sub/mine'].toSorted());
    expect(readFileSync(at('there/arch'), 'utf8')).toBe('x86_64\n');
    await build('-o', 'type=local,dest=there,mode=delete');
    expect(names('there')).toEqual(ALL);
  });

  test('is refused where a file is', async () => {
    writeFileSync(at('a-file'), '');
    const { code, stderr } = await failing('-o', 'a-file');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/INVALID_OUTPUT/)]);
  });
});

describe('a tar', () => {
  test('as a file', async () => {
    await build('-o', 'type=tar,dest=files.tar');
    const tar = listTar(readFileSync(at('files.tar')));
    expect([...tar.keys()].filter((name) => name !== '' && name !== '.').toSorted()).toEqual(ALL);
    expect(tar.get('sub/file')).toMatchObject({ mode: 0o751, uid: 0 });
    expect(tar.get('link')).toMatchObject({ type: '2', link: 'sub/file' });
    expect([tar.get('hard')?.type, tar.get('sub/file')?.type].toSorted()).toEqual(['0', '1']);
    const listed = execFileSync('tar', ['-tf', at('files.tar')], { encoding: 'utf8' });
    expect(listed).toContain('sub/file');
  });

  test.each([
    ['-o -', ['-o', '-']],
    ['type=tar', ['-o', 'type=tar']],
    ['type=tar,dest=-', ['-o', 'type=tar,dest=-']],
  ])('to stdout by %s, with nothing else there', async (_name, flags) => {
    const { stdout } = await build(...flags, '--progress=plain');
    const tar = listTar(Buffer.from(stdout));
    expect(tar.get('arch')?.text).toBe('x86_64\n');
  });

  test('loses what a killed export left in it, and not what another one writes', async () => {
    for (const name of ['0dead', '11fe']) mkdirSync(at(`swept/.polyarch-${name}.part/0`), { recursive: true });
    using _held = tryLock(at('swept/.polyarch-11fe.part/lock'));
    await build('-o', 'swept');
    expect(readdirSync(at('swept')).toSorted()).toEqual([
      '.polyarch-11fe.part',
      ...ALL.filter((name) => !name.includes('/')),
    ]);
  });

  test('of several platforms has a folder for each', async () => {
    await build('--platform', TWO, '-o', 'type=tar,dest=two.tar');
    const tar = listTar(readFileSync(at('two.tar')));
    expect(tar.get('linux_amd64/arch')?.text).toBe('x86_64\n');
    expect(tar.get('linux_arm64/arch')?.text).toBe('aarch64\n');
    expect(execFileSync('tar', ['-tf', at('two.tar')], { encoding: 'utf8' }).split('\n')).toContain('linux_arm64/link');
  });

  test('platform-split=false refuses to lose a file there too', async () => {
    const output = 'type=tar,dest=lossy.tar,platform-split=false';
    const { code, stderr } = await failing('--platform', TWO, '-o', output);
    expect([code, stderr]).toEqual([1, expect.stringContaining('OUTPUT_CLASH')]);
    expect(existsSync(at('lossy.tar'))).toBe(false);
    const apart = 'type=tar,dest=joined.tar,platform-split=false';
    await build('-f', 'apart.Dockerfile', '--platform', TWO, '-o', apart);
    expect(execFileSync('tar', ['-tf', at('joined.tar')], { encoding: 'utf8' })).toBe('app-amd64\napp-arm64\n');
  });

  test('rewrite-timestamp sets later times to SOURCE_DATE_EPOCH', async () => {
    const output = 'type=tar,dest=times.tar,rewrite-timestamp=true';
    await environment().polyarch(['build', '-o', output, '.'], { env: { SOURCE_DATE_EPOCH: '1500000000' } });
    const tar = listTar(readFileSync(at('times.tar')));
    expect([tar.get('old')?.mtime, tar.get('arch')?.mtime]).toEqual([1_000_000_000, 1_500_000_000]);
  });
});

describe('other outputs', () => {
  test('cacheonly writes nothing and keeps the cache', async () => {
    const before = readdirSync(at('.'));
    const { stdout } = await build('-o', 'type=cacheonly', '--metadata-file', at('..', 'cache.json'));
    expect(stdout).toBe('');
    expect(readdirSync(at('.'))).toEqual(before);
    expect(JSON.parse(readFileSync(at('..', 'cache.json'), 'utf8'))).toEqual({});
    expect((await build('-o', 'type=cacheonly', '--progress=plain')).stderr).toContain('CACHED');
  });

  test('several at once, of one build', async () => {
    const outputs = [
      'type=local,dest=many/files',
      'type=tar,dest=many/files.tar',
      'type=oci,dest=many/layout,tar=false',
    ];
    const flags = [...outputs, 'type=image', 'type=docker,dest=many/docker.tar'].flatMap((output) => ['-o', output]);
    const { stderr } = await build('--platform', TWO, '-t', 'many:1', ...flags, '--metadata-file', 'many.json');
    expect(readdirSync(at('many')).toSorted()).toEqual(['docker.tar', 'files', 'files.tar', 'layout']);
    expect(readdirSync(at('many/files')).toSorted()).toEqual(['linux_amd64', 'linux_arm64']);
    const [entry] = layoutIndex(at('many/layout')).manifests;
    const image = await readImage(layoutBlobs(at('many/layout')), { digest: entry?.digest ?? '' });
    expect(image.images).toHaveLength(2);
    expect(JSON.parse(readFileSync(at('many.json'), 'utf8'))).toMatchObject({
      'image.name': 'docker.io/library/many:1',
    });
    for (const place of ['many/files', 'many/files.tar', 'many/layout', 'many/docker.tar', 'the local store'])
      expect(stderr).toContain(place);
  });

  test('two to stdout are refused', async () => {
    const { code, stderr } = await failing('-o', '-', '-o', 'type=oci,dest=-');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/stdout/)]);
  });
});
