import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { findProgram } from '../../scripts/process.ts';
import { startDockerDaemon } from '../support/dockerd.ts';
import { projectFolder, requireProgram, requireTool, run, skip } from '../support/environment.ts';
import { packTar } from '../support/pack-tar.ts';
import { account, expectFailure, TWO } from './account.ts';

const { environment, cli, out } = account(
  {
    Dockerfile: 'FROM busybox\nARG TARGETARCH\nRUN echo $TARGETARCH > /arch && chown 7:8 /arch\nCMD ["cat", "/arch"]\n',
  },
  [
    ['build', '-q', '--platform', TWO, '-t', 'app:1', '.'],
    ['pull', '-q', '--platform', 'linux/arm64', 'busybox'],
  ],
);
const at = (name: string): string => join(environment().folder, name);
let count = 0;

/** Loads in a store of its own; gives what it says and the images that are there then. */
async function load(args: readonly string[], input?: string) {
  const env = { POLYARCH_HOME: at(`home-${count++}`) };
  const result = await environment().polyarch(['load', ...args], {
    env,
    allowFailure: true,
    ...(input === undefined ? {} : { input }),
  });
  const images = await environment().polyarch(['images', '--format', '{{.Repository}}:{{.Tag}} {{.Digest}}'], { env });
  return { ...result, env, images: images.stdout.split('\n').filter(Boolean), home: env.POLYARCH_HOME };
}

const idOf = async (name: string): Promise<string> => (await out('inspect', '-f', '{{.Id}}', name)).trim();

describe('save', () => {
  beforeAll(async () => {
    await out('save', '-o', 'app.tar', 'app:1');
    await out('save', '--format', 'oci', '-o', 'oci.tar', 'app:1');
  });

  test('skopeo and umoci read it', async (context) => {
    const skopeo = requireTool(context, 'skopeo');
    const umoci = requireTool(context, 'umoci');
    const raw = await run([skopeo, 'inspect', '--raw', `oci-archive:${at('oci.tar')}`]);
    expect(digestOf(Buffer.from(raw.stdout))).toBe(await idOf('app:1'));
    await run([skopeo, 'copy', '-q', '--all', `oci-archive:${at('app.tar')}`, `dir:${at('copied')}`]);
    await run([
      skopeo,
      'copy',
      '-q',
      '--override-arch',
      'arm64',
      '--override-variant',
      'v8',
      `oci-archive:${at('app.tar')}`,
      `oci:${at('layout')}:arm64`,
    ]);
    await run([umoci, 'unpack', '--image', `${at('layout')}:arm64`, at('bundle')]);
    expect(readFileSync(at('bundle/rootfs/arch'), 'utf8')).toBe('arm64\n');
    const { uid, gid } = statSync(at('bundle/rootfs/arch'));
    expect([uid, gid]).toEqual([7, 8]);
  });

  test('podman loads and runs it', async (context) => {
    const podman = requireProgram(context, 'podman');
    const store = [
      '--root',
      at('podman'),
      '--runroot',
      at('podman-run'),
      '--storage-driver',
      'vfs',
      '--cgroup-manager',
      'cgroupfs',
    ];
    const loaded = await run([podman, ...store, 'load', '-q', '-i', at('app.tar')], { allowFailure: true });
    if (loaded.code !== 0 && /cannot|permitted|cgroup/i.test(loaded.stderr))
      skip(context, `podman cannot work here: ${loaded.stderr.trim().split('\n').at(-1)}`);
    expect(loaded.stderr).toBe('');
    expect(loaded.stdout).toMatch(/app:1/);
  });

  test('docker loads it: a tag for each platform', async (context) => {
    const daemon = await startDockerDaemon();
    if (typeof daemon === 'string') skip(context, daemon);
    await using docker = daemon;
    const loaded = await docker.docker('load', '-i', at('app.tar'));
    expect(loaded.stdout).toMatch(/Loaded image: app:1-(amd64|arm64)/);
    expect((await docker.docker('image', 'inspect', '-f', '{{.Architecture}}', 'app:1-arm64')).stdout.trim()).toBe(
      'arm64',
    );
    await out('save', '--platform', 'linux/amd64', '-o', 'one.tar', 'app:1');
    expect((await docker.docker('load', '-i', at('one.tar'))).stdout).toContain('Loaded image: app:1\n');
    // And back again: what docker save writes.
    await docker.docker('save', '-o', at('from-docker.tar'), 'app:1');
    const back = await load(['-i', 'from-docker.tar']);
    expect(back.stdout).toBe('Loaded image: app:1\n');
    expect((await environment().polyarch(['run', 'app:1'], { env: back.env })).stdout).toBe('amd64\n');
  });

  test('to stdout, the same bytes each time; a file is there only when it is whole', async () => {
    const file = join(environment().folder, 'again.tar');
    await run([join(projectFolder, 'bin/polyarch'), 'save', 'app:1'], {
      cwd: environment().folder,
      env: environment().env,
      stdoutFile: file,
    });
    expect(readFileSync(file).equals(readFileSync(at('app.tar')))).toBe(true);
    expectFailure(await cli('save', '-o', 'bad.tar', 'nothing'), 1, 'IMAGE_NOT_FOUND');
    expectFailure(await cli('save', '-o', 'bad.tar', '--format', 'zip', 'app:1'), 1, 'INVALID_ARGUMENT');
    expect(readdirSync(environment().folder).filter((name) => name.startsWith('bad'))).toEqual([]);
  });

  test('an image of which only some platforms are local', async () => {
    const some = await cli('save', '-o', 'some.tar', 'busybox');
    expect(some.stderr).toMatch(/note: busybox:latest: linux\/arm\/v7, .* are not local and left out/);
    expect((await load(['-i', 'some.tar'])).images).toHaveLength(1);
    expectFailure(
      await cli('save', '-o', 'x.tar', '--platform', 'linux/386', 'busybox'),
      1,
      'PLATFORM_NOT_LOCAL',
      'polyarch pull --platform linux/386 busybox',
    );
    expectFailure(
      await cli('save', '-o', 'x.tar', '--platform', 'linux/mips64le', 'busybox'),
      1,
      'NO_MATCHING_PLATFORM',
    );
  });

  test('several images and names in one', async () => {
    await out('tag', 'app:1', 'app:second');
    await out('save', '-o', 'several.tar', 'app:1', 'app:second', 'busybox');
    const { stdout, images } = await load(['-i', 'several.tar']);
    expect(stdout).toBe('Loaded image: app:1\nLoaded image: app:second\nLoaded image: busybox:latest\n');
    expect(images).toHaveLength(3);
    await out('rmi', 'app:second');
  });

  test('not to a terminal', async (context) => {
    requireProgram(context, 'script');
    const command = `${join(projectFolder, 'bin/polyarch')} save app:1`;
    const result = await run(['script', '-qec', command, '/dev/null'], { env: environment().env, allowFailure: true });
    expect(result.stdout).toContain('not written to a terminal');
    expect(result.code).toBe(1);
  });
});

describe('load', () => {
  test('the same image, whatever the compression', async () => {
    const id = await idOf('app:1');
    const tar = readFileSync(at('app.tar'));
    writeFileSync(at('app.tar.gz'), gzipSync(tar));
    const zstd = findProgram('zstd');
    const xz = findProgram('xz');
    if (zstd !== undefined) await run([zstd, '-qf', at('app.tar')]);
    if (xz !== undefined) await run([xz, '-kf', at('app.tar')]);
    const files = [
      'app.tar',
      'oci.tar',
      'app.tar.gz',
      ...(zstd === undefined ? [] : ['app.tar.zst']),
      ...(xz === undefined ? [] : ['app.tar.xz']),
    ];
    for (const file of files) {
      const loaded = await load(['-i', file]);
      expect([file, loaded.stdout, loaded.images]).toEqual([file, 'Loaded image: app:1\n', [`app:1 ${id}`]]);
    }
  });

  test('from stdin, and what was loaded runs on every platform', async () => {
    const env = { ...environment().env, POLYARCH_HOME: at('home-stdin') };
    const polyarch = join(projectFolder, 'bin/polyarch');
    const piped = await run(['sh', '-c', `${polyarch} load < app.tar.gz`], { cwd: environment().folder, env });
    expect(piped.stdout).toBe('Loaded image: app:1\n');
    for (const [platform, arch] of [
      ['linux/amd64', 'amd64'],
      ['linux/arm64', 'arm64'],
    ] as const)
      expect((await run([polyarch, 'run', '--platform', platform, 'app:1'], { env })).stdout).toBe(`${arch}\n`);
  });

  test('an OCI layout folder', async () => {
    mkdirSync(at('folder'), { recursive: true });
    await run(['tar', '-xf', at('oci.tar'), '-C', at('folder')]);
    expect((await load(['-i', 'folder'])).images).toEqual([`app:1 ${await idOf('app:1')}`]);
  });

  test('skopeo’s archives: docker-archive with links, oci-archive with a name or a bare tag', async (context) => {
    const skopeo = requireTool(context, 'skopeo');
    const source = `oci-archive:${at('oci.tar')}`;
    await run([skopeo, 'copy', '-q', source, `docker-archive:${at('skopeo-docker.tar')}:some/name:3`]);
    const docker = await load(['-i', 'skopeo-docker.tar']);
    expect(docker.stdout).toBe('Loaded image: some/name:3\n');
    expect((await environment().polyarch(['run', 'some/name:3'], { env: docker.env })).stdout).toBe('amd64\n');
    await run([skopeo, 'copy', '-q', '--all', source, `oci-archive:${at('skopeo-oci.tar')}:some/name:4`]);
    expect((await load(['-i', 'skopeo-oci.tar'])).stdout).toBe('Loaded image: some/name:4\n');
    await run([skopeo, 'copy', '-q', '--all', source, `oci-archive:${at('skopeo-tag.tar')}:5`]);
    const tagged = await load(['-i', 'skopeo-tag.tar']);
    expect(tagged.stdout).toBe(`Loaded image ID: ${await idOf('app:1')}\n`);
    expect(tagged.images).toEqual([`<none>:<none> ${await idOf('app:1')}`]);
  });
});

type Members = Parameters<typeof packTar>[0];
const file = (path: string, text: string): Members[number] => ({ path, type: 'file', text });
const blob = (text: string): Members[number] => file(`blobs/sha256/${digestOf(text).slice(7)}`, text);
const layoutFile = file('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
const descriptor = (text: string, mediaType: string, size = text.length) => ({
  mediaType,
  digest: digestOf(text),
  size,
});
const config = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } });
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
  layers: [],
});
const index = (name: string, entry: object = descriptor(manifest, 'application/vnd.oci.image.manifest.v1+json')) =>
  JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, annotations: { 'io.containerd.image.name': name } }] });
const good: Members = [layoutFile, blob(config), blob(manifest), file('index.json', index('docker.io/library/good:1'))];
const layerTar = packTar([file('a', 'a')]).toString('latin1');

describe('hostile archives', () => {
  test('a good one of the same kind is loaded', async () => {
    writeFileSync(at('good.tar'), packTar(good));
    expect((await load(['-i', 'good.tar'])).stdout).toBe('Loaded image: good:1\n');
  });

  test.each<[string, Members | Buffer, string | RegExp]>([
    ['a member above the archive', [...good, file('../../escape', 'x')], 'ARCHIVE_INVALID'],
    ['an absolute member', [...good, file('/escape', 'x')], 'ARCHIVE_INVALID'],
    [
      'a blob that is another',
      [
        layoutFile,
        file(`blobs/sha256/${digestOf(config).slice(7)}`, `${config} `),
        blob(manifest),
        file('index.json', index('x')),
      ],
      'DIGEST_MISMATCH',
    ],
    [
      'a descriptor that lies about a size',
      [
        ...good.slice(0, 3),
        file('index.json', index('x', descriptor(manifest, 'application/vnd.oci.image.manifest.v1+json', 5))),
      ],
      'SIZE_MISMATCH',
    ],
    ['no content', [layoutFile, file('index.json', index('x'))], 'ARCHIVE_INCOMPLETE'],
    ['half of the content', [layoutFile, blob(manifest), file('index.json', index('x'))], 'ARCHIVE_INCOMPLETE'],
    ['no images', [layoutFile, file('index.json', '{"schemaVersion":2,"manifests":[]}')], 'NOT_AN_IMAGE_ARCHIVE'],
    ['a bad name', [...good.slice(0, 3), file('index.json', index('../../../etc/passwd'))], 'INVALID_REFERENCE'],
    ['an index that is no JSON', [layoutFile, file('index.json', '{')], 'MANIFEST_INVALID'],
    ['a tar that is no image', [file('hello', 'x')], 'NOT_AN_IMAGE_ARCHIVE'],
    ['no tar at all', Buffer.from('hello'.repeat(300)), 'ARCHIVE_'],
    ['nothing', Buffer.alloc(0), /ARCHIVE_|NOT_AN_IMAGE_ARCHIVE/],
    ['a truncated one', packTar(good).subarray(0, 3000), 'ARCHIVE_TRUNCATED'],
    ['truncated compression', gzipSync(packTar(good)).subarray(0, 400), 'ARCHIVE_TRUNCATED'],
    [
      'manifest.json that names a link out of the archive',
      [
        { path: 'c.json', type: 'symlink', linkname: '/etc/passwd' },
        file('manifest.json', '[{"Config":"c.json","Layers":[]}]'),
      ],
      'ARCHIVE_INVALID',
    ],
    [
      'links in a circle',
      [
        { path: 'c.json', type: 'symlink', linkname: 'd.json' },
        { path: 'd.json', type: 'hardlink', linkname: 'c.json' },
        file('manifest.json', '[{"Config":"c.json","Layers":[]}]'),
      ],
      'ARCHIVE_INVALID',
    ],
    ['manifest.json of another shape', [file('manifest.json', '{"Config":1}')], 'ARCHIVE_INVALID'],
    [
      'a layer that the config does not mean',
      [
        file('c.json', config.replace('[]', `["sha256:${'1'.repeat(64)}"]`)),
        file('l.tar', layerTar),
        file('manifest.json', '[{"Config":"c.json","RepoTags":["x"],"Layers":["l.tar"]}]'),
      ],
      'DIGEST_MISMATCH',
    ],
    [
      'more layers than diff_ids',
      [
        file('c.json', config),
        file('l.tar', layerTar),
        file('manifest.json', '[{"Config":"c.json","RepoTags":["x"],"Layers":["l.tar"]}]'),
      ],
      'INVALID_IMAGE',
    ],
  ])('%s', async (_name, members, text) => {
    writeFileSync(at('hostile.tar'), Buffer.isBuffer(members) ? members : packTar(members));
    const result = await load(['-i', 'hostile.tar']);
    expectFailure(result, 1, text);
    expect(result.images).toEqual([]);
    // Nothing stays half-written.
    const files = readdirSync(result.home, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /ingest\/./.test(name))).toEqual([]);
  });

  test('later members replace earlier ones of the same name', async () => {
    writeFileSync(at('twice.tar'), packTar([file('index.json', '{'), ...good]));
    expect((await load(['-i', 'twice.tar'])).stdout).toBe('Loaded image: good:1\n');
  });

  test('files that are not there, and no input', async () => {
    expectFailure(await load(['-i', 'not-there.tar']), 1, 'NOT_FOUND', 'not-there.tar');
    mkdirSync(at('plain-folder'), { recursive: true });
    expectFailure(await load(['-i', 'plain-folder']), 1, 'NOT_AN_OCI_LAYOUT');
  });
});
