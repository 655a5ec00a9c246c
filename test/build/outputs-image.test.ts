import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/environment.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { ofPlatform, readRemote, remoteTags } from './image-reader.ts';
import { HELLO, sharedEnvironment, TWO } from './project.ts';

const environment = sharedEnvironment();
let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.close());

const polyarch = (...args: string[]) => environment().polyarch(args);
const build = (...args: string[]) => polyarch('build', '--progress=plain', ...args, '.');
const readJson = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(environment().folder, name), 'utf8')) as Record<string, unknown>;
const text = (name: string): string => readFileSync(join(environment().folder, name), 'utf8');

describe('where an image goes', () => {
  test('several names, one index, every platform, all of it valid', async () => {
    const { host } = registry;
    const names = [`${host}/demo/hello:1`, `${host}/demo/hello:latest`, `${host}/other/name:x`];
    const { stdout, stderr } = await build('--platform', TWO, ...names.flatMap((name) => ['-t', name]), '--push');
    expect(stdout).toBe('');
    for (const name of names) expect(stderr).toContain(name);
    const image = await readRemote(host, 'demo/hello', '1');
    expect(image.mediaType).toBe('application/vnd.oci.image.index.v1+json');
    expect(image.images.map((one) => one.platform)).toEqual(['linux/amd64', 'linux/arm64/v8']);
    expect((await readRemote(host, 'other/name', 'x')).digest).toBe(image.digest);
    expect(await remoteTags(host, 'demo/hello')).toEqual(['1', 'latest']);
    const { config } = ofPlatform(image, 'linux/arm64/v8');
    expect(config.config.Labels).toEqual({ from: 'dockerfile' });
    expect(config.config.Cmd).toEqual(['/hello.sh']);
    expect(config.history.at(-1)).toMatchObject({ created_by: 'CMD ["/hello.sh"]', empty_layer: true });
  });

  test.each([
    ['--push', ['--push']],
    ['type=registry', ['-o', 'type=registry']],
    ['type=image,push=true', ['-o', 'type=image,push=true']],
    ['--push over type=image', ['-o', 'type=image', '--push']],
  ])('%s pushes', async (name, flags) => {
    const repository = `push/${name.replaceAll(/\W+/g, '-').replaceAll(/^-|-$/g, '')}`;
    await build('-t', `${registry.host}/${repository}:1`, ...flags);
    expect((await readRemote(registry.host, repository, '1')).images).toHaveLength(1);
  });

  test('names of the output besides those of -t', async () => {
    const { host } = registry;
    await build('-t', `${host}/named/a:1`, '-o', `type=image,"name=${host}/named/b:1,${host}/named/c:1",push=true`);
    for (const name of ['a', 'b', 'c']) expect(await remoteTags(host, `named/${name}`)).toEqual(['1']);
  });

  test('by digest: the manifest is there, no tag is', async () => {
    const { host } = registry;
    const output = `type=image,name=${host}/by/digest,push-by-digest=true,name-canonical=true,push=true`;
    const { stderr } = await build('-o', output, '--metadata-file', 'digest.json');
    expect(await remoteTags(host, 'by/digest')).toEqual([]);
    const metadata = readJson('digest.json');
    const digest = String(metadata['containerimage.digest']);
    expect((await readRemote(host, 'by/digest', digest)).digest).toBe(digest);
    expect(metadata['image.name']).toBe(`${host}/by/digest`);
    expect(stderr).toContain(`${host}/by/digest@${digest}`);
  });

  test('the local store keeps it, with its canonical name too', async () => {
    await build('--platform', TWO, '-t', 'kept:1', '-o', 'type=image,name-canonical=true', '--metadata-file', 'm.json');
    const digest = String(readJson('m.json')['containerimage.digest']);
    environment().write({ 'from.Dockerfile': `FROM kept@${digest}\nRUN test -x /hello.sh\n` });
    expect((await build('-f', 'from.Dockerfile')).code).toBe(0);
  });

  test('store=false keeps nothing', async () => {
    await build('-t', 'not-kept:1', '-o', 'type=image,store=false');
    environment().write({ 'not.Dockerfile': 'FROM not-kept:1\nRUN true\n' });
    const { code } = await environment().polyarch(['build', '-f', 'not.Dockerfile', '.'], { allowFailure: true });
    expect(code).toBe(1);
  });

  test('a push that has no name says so before it is asked of anybody', async () => {
    const { code, stderr } = await environment().polyarch(['build', '--push', '.'], { allowFailure: true });
    expect(code).toBe(1);
    expect(stderr).toContain('TAG_REQUIRED');
    expect(stderr).not.toContain('exporting');
  });
});

describe('how an image is made', () => {
  test.each([
    ['gzip', 'compression=gzip,compression-level=9', '+gzip'],
    ['zstd', 'compression=zstd,compression-level=3', '+zstd'],
    ['uncompressed', 'compression=uncompressed', ''],
  ])('%s: the new layers; with force-compression those of the base too', async (name, attributes, suffix) => {
    const { host } = registry;
    const at = `${host}/compression/${name}`;
    await build('--platform', TWO, '-t', `${at}:1`, '-o', `type=registry,${attributes}`);
    await build('--platform', TWO, '-t', `${at}:all`, '-o', `type=registry,${attributes},force-compression=true`);
    const types = async (tag: string) =>
      (await readRemote(host, `compression/${name}`, tag)).images.map(({ manifest }) =>
        manifest.layers.map((layer) => layer.mediaType.replace('application/vnd.oci.image.layer.v1.tar', '')),
      );
    const [base, ...rest] = (await types('1'))[0] ?? [];
    expect(base).toBe('+gzip');
    expect(rest).toEqual([suffix, suffix, suffix]);
    for (const all of await types('all')) expect(new Set(all)).toEqual(new Set([suffix]));
  });

  test('a level changes the bytes, not the diff_ids', async () => {
    const { host } = registry;
    await build('-t', `${host}/level/of:1`, '-o', 'type=registry,compression-level=1');
    await build('-t', `${host}/level/of:9`, '-o', 'type=registry,compression-level=9');
    const [one, nine] = await Promise.all(['1', '9'].map((tag) => readRemote(host, 'level/of', tag)));
    expect(one?.images[0]?.config.rootfs).toEqual(nine?.images[0]?.config.rootfs);
    expect(one?.images[0]?.manifest.layers.at(-1)?.digest).not.toBe(nine?.images[0]?.manifest.layers.at(-1)?.digest);
  });

  test.each([
    [TWO, 'application/vnd.docker.distribution.manifest.list.v2+json'],
    ['linux/amd64', 'application/vnd.docker.distribution.manifest.v2+json'],
  ])("oci-mediatypes=false: Docker's types throughout for %s", async (platform, type) => {
    const { host } = registry;
    const output = 'type=image,push=true,oci-mediatypes=false';
    await build('--platform', platform, '-t', `${host}/docker/types:1`, '-o', output);
    expect((await readRemote(host, 'docker/types', '1')).mediaType).toBe(type);
  });

  test('annotations at every level and of one platform', async () => {
    const { host } = registry;
    const annotations = [
      'plain=1',
      'manifest:m=2',
      'manifest[linux/arm64]:arm=3',
      'manifest-descriptor:md=4',
      'index:i=5',
      'index,manifest:both=6',
      'index-descriptor:id=7',
    ];
    const flags = annotations.flatMap((annotation) => ['--annotation', annotation]);
    const output =
      'type=registry,annotation.o=8,annotation-index.oi=9,annotation-manifest-descriptor[linux/arm64].oa=10';
    await build('--platform', TWO, '-t', `${host}/an/notated:1`, ...flags, '-o', output, '--metadata-file', 'a.json');
    const { index, images } = await readRemote(host, 'an/notated', '1');
    expect(index?.annotations).toEqual({ i: '5', both: '6', oi: '9' });
    expect(index?.manifests.map((entry) => entry.annotations)).toEqual([{ md: '4' }, { md: '4', oa: '10' }]);
    const common = { plain: '1', m: '2', both: '6', o: '8' };
    expect(images.map(({ manifest }) => manifest.annotations)).toEqual([common, { ...common, arm: '3' }]);
    expect(readJson('a.json')['containerimage.descriptor']).toMatchObject({ annotations: { id: '7' } });
  });

  test('a label without a value has the empty one', async () => {
    await build('-t', `${registry.host}/la/bel:1`, '--label', 'bare', '--push');
    const [image] = (await readRemote(registry.host, 'la/bel', '1')).images;
    expect(image?.config.config.Labels).toEqual({ from: 'dockerfile', bare: '' });
  });

  test('labels go over those of the Dockerfile', async () => {
    const { host } = registry;
    await build('-t', `${host}/la/bels:1`, '--label', 'from=flag', '--label', 'other=a=b', '--push');
    const [image] = (await readRemote(host, 'la/bels', '1')).images;
    expect(image?.config.config.Labels).toEqual({ from: 'flag', other: 'a=b' });
  });

  test.each([
    ['type=nothing', /no type "nothing"/],
    ['type=oci', /dest= is missing/],
    ['type=image,compresion=gzip', /no attribute "compresion".*compression/s],
    ['type=image,compression=estargz', /estargz/],
    ['type=image,compression=zstd,oci-mediatypes=false', /exclude each other/],
    ['type=image,compression=zstd,compression-level=23', /0 to 22/],
    ['type=image,prefer-nondist-layers=true', /needs a BuildKit builder/],
    ['type=docker,context=elsewhere', /needs a BuildKit builder/],
    ['type=image,push=maybe', /neither true nor false/],
    ['dest=x', /type= is missing/],
    ['type=oci,dest=x,tar=maybe', /neither/],
  ])('refuses --output %s', async (output, message) => {
    const { code, stderr } = await environment().polyarch(['build', '-o', output, '.'], { allowFailure: true });
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  });
});

describe('what a build tells', () => {
  test('one platform: image id and digest', async () => {
    const flags = ['--iidfile', 'iid', '--metadata-file', 'one.json', '-t', 'told:1', '-t', 'told:2'];
    await build(...flags);
    const metadata = readJson('one.json');
    expect(Object.keys(metadata).toSorted()).toEqual([
      'containerimage.config.digest',
      'containerimage.descriptor',
      'containerimage.digest',
      'image.name',
    ]);
    expect(metadata['image.name']).toBe('docker.io/library/told:1,docker.io/library/told:2');
    expect(metadata['containerimage.descriptor']).toMatchObject({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: metadata['containerimage.digest'],
    });
    expect(text('iid')).toBe(metadata['containerimage.config.digest']);
    const { stdout, stderr } = await polyarch('build', '-q', '-t', 'told:1', '.');
    expect(stdout).toBe(`${text('iid')}\n`);
    expect(stderr).toBe('');
  });

  test('several platforms: the digest of the index', async () => {
    await build('--platform', TWO, '--iidfile', 'iid2', '--metadata-file', 'two.json');
    const metadata = readJson('two.json');
    expect(Object.keys(metadata).toSorted()).toEqual(['containerimage.descriptor', 'containerimage.digest']);
    expect(text('iid2')).toBe(metadata['containerimage.digest']);
    const { stdout } = await polyarch('build', '-q', '--platform', TWO, '.');
    expect(stdout).toBe(`${text('iid2')}\n`);
  });

  test.each(['auto', 'plain', 'tty', 'rawjson', 'quiet', 'none'])('--progress=%s', async (mode) => {
    const { stdout, stderr } = await polyarch('build', '--progress', mode, '-t', 'told:3', '.');
    if (mode === 'quiet') expect(stdout).toMatch(/^sha256:[a-f0-9]{64}\n$/);
    else expect(stdout).toBe('');
    if (mode === 'plain')
      expect(stderr).toMatch(/^#\d+ \[2\/4\] COPY --chmod=0755 hello\.sh \/hello\.sh\n#\d+ CACHED$/m);
    if (mode === 'rawjson') {
      const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
      const names = lines.flatMap((line) =>
        ((JSON.parse(line) as { vertexes?: { name: string; cached?: boolean }[] }).vertexes ?? []).map((v) => v.name),
      );
      expect(names).toContain('[2/4] COPY --chmod=0755 hello.sh /hello.sh');
    }
    if (mode === 'quiet' || mode === 'none') expect(stderr).not.toContain('COPY');
  });

  test('a pipe is written to, never replaced', async () => {
    const { env, folder } = environment();
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const script = 'timeout 30 cat pipe > piped & "$0" build -q --metadata-file pipe .; wait';
    const program = join(import.meta.dirname, '../../bin/polyarch');
    await run(['sh', '-c', script, program], { cwd: folder, env });
    expect(readJson('piped')).toHaveProperty(['containerimage.digest']);
    expect(lstatSync(join(folder, 'pipe')).isFIFO()).toBe(true);
  });

  test.each([
    ['--iidfile', '/proc/nothing'],
    ['--metadata-file', '/proc/nothing'],
    ['-o', 'type=oci,tar=false,dest=/proc/nothing'],
    ['-o', 'type=oci,dest=/proc/nothing'],
    ['-o', '/proc/nothing'],
  ])('%s %s, which cannot be written', async (flag, value) => {
    const { code, stderr } = await environment().polyarch(['build', flag, value, '.'], { allowFailure: true });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/\/proc\/nothing.*\[OUTPUT_UNWRITABLE\]/)]);
  });

  test.each([
    ['an unknown flag', ['build', '--no-such-flag', '.'], 125],
    ['an unknown platform', ['build', '--platform', 'linux/nothing', '.'], 1],
    ['a context that is not there', ['build', 'nowhere'], 1],
    ['a Dockerfile that is not there', ['build', '-f', 'Nofile', '.'], 1],
    ['a progress mode that is none', ['build', '--progress', 'loud', '.'], 1],
  ])('%s: a status of its own and nothing on stdout', async (_name, args, status) => {
    const { code, stdout, stderr } = await environment().polyarch(args, { allowFailure: true });
    expect([code, stdout]).toEqual([status, '']);
    expect(stderr).not.toBe('');
  });

  test('a step that fails: its output, its place, status 1, no tag', async () => {
    environment().write({ 'fail.Dockerfile': `${HELLO['Dockerfile']}RUN echo before; exit 7\n` });
    const { host } = registry;
    const args = ['build', '-f', 'fail.Dockerfile', '-t', `${host}/fail/ed:1`, '--push', '--iidfile', 'no-iid', '.'];
    const { code, stdout, stderr } = await environment().polyarch(args, { allowFailure: true });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/fail\.Dockerfile:\d+.*exit code: 7/s);
    expect(stderr).toContain('before');
    expect(await remoteTags(host, 'fail/ed')).toEqual([]);
    expect(() => text('no-iid')).toThrow('ENOENT');
  });
});
