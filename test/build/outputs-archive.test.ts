import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, type TestContext } from 'vitest';
import { findProgram } from '../../scripts/process.ts';
import { requireTool, run, skip } from '../support/environment.ts';
import { startRegistry } from '../support/registry.ts';
import { layoutBlobs, layoutIndex, ofPlatform, readImage, readLayout } from './image-reader.ts';
import { sharedEnvironment, TWO } from './project.ts';
import { listTar } from './tar-listing.ts';

const environment = sharedEnvironment();
const build = (...args: string[]) => environment().polyarch(['build', ...args, '.']);
const at = (...parts: string[]): string => join(environment().folder, ...parts);

/** Unpacks an archive into a folder beside it. */
function unpack(archive: string): string {
  const folder = at(`${archive}.unpacked`);
  mkdirSync(folder);
  execFileSync('tar', ['-xf', at(archive), '-C', folder]);
  return folder;
}

beforeAll(async () => {
  await build(
    '--platform',
    TWO,
    '-t',
    'hello:1',
    '-o',
    'type=oci,dest=hello.tar',
    '-o',
    'type=oci,dest=layout,tar=false',
  );
});

describe('type=oci', () => {
  test('a tar and a folder hold the same image', async () => {
    const fromTar = await readLayout(unpack('hello.tar'));
    const fromFolder = await readLayout(at('layout'));
    expect(fromTar.digest).toBe(fromFolder.digest);
    expect(fromTar.images.map((image) => image.platform)).toEqual(['linux/amd64', 'linux/arm64/v8']);
    const tar = listTar(ofPlatform(fromTar, 'linux/arm64/v8').layers[2] ?? Buffer.alloc(0));
    expect(tar.get('data/file')).toMatchObject({ mode: 0o4750, uid: 0, text: 'text\n' });
    expect(tar.get('data/sub')).toMatchObject({ type: '5', uid: 1000, gid: 1001 });
    expect(tar.get('data/link')).toMatchObject({ type: '2', link: '../arch' });
    const gone = listTar(ofPlatform(fromTar, 'linux/arm64/v8').layers[3] ?? Buffer.alloc(0));
    expect([...gone.keys()]).toContain('data/.wh.gone');
  });

  test('the names are in index.json, for containerd and for the others', async () => {
    await build('-t', 'a.example/b/c:1', '-t', 'short', '-o', 'type=oci,dest=names,tar=false');
    const names = layoutIndex(at('names')).manifests.map((entry) => entry.annotations);
    expect(names).toEqual([
      expect.objectContaining({
        'io.containerd.image.name': 'a.example/b/c:1',
        'org.opencontainers.image.ref.name': '1',
      }),
      expect.objectContaining({
        'io.containerd.image.name': 'docker.io/library/short:latest',
        'org.opencontainers.image.ref.name': 'latest',
      }),
    ]);
  });

  test('to stdout: the archive and nothing else', async () => {
    const { env, folder } = environment();
    const script = '"$0" build --progress=plain -t hello:1 -o type=oci,dest=- . > stdout.tar';
    const { code } = await run(['sh', '-c', script, join(import.meta.dirname, '../../bin/polyarch')], {
      cwd: folder,
      env,
    });
    expect(code).toBe(0);
    expect((await readLayout(unpack('stdout.tar'))).images).toHaveLength(1);
  });

  test('a folder gathers images; a tar is replaced as a whole', async () => {
    await build('-t', 'gather:1', '-o', 'type=oci,dest=gathered,tar=false');
    await build('-t', 'gather:2', '--label', 'two=2', '-o', 'type=oci,dest=gathered,tar=false');
    const { manifests } = layoutIndex(at('gathered'));
    expect(manifests.map((entry) => entry.annotations?.['org.opencontainers.image.ref.name'])).toEqual(['1', '2']);
    for (const entry of manifests) await readImage(layoutBlobs(at('gathered')), entry);
    writeFileSync(at('old.tar'), 'old');
    environment().write({ 'bad.Dockerfile': 'FROM busybox\nRUN false\n' });
    const args = ['build', '-f', 'bad.Dockerfile', '-o', 'type=oci,dest=old.tar', '.'];
    expect((await environment().polyarch(args, { allowFailure: true })).code).toBe(1);
    expect(readFileSync(at('old.tar'), 'utf8')).toBe('old');
    await build('-o', 'type=oci,dest=old.tar');
    expect((await readLayout(unpack('old.tar'))).images).toHaveLength(1);
    expect(readdirSync(at('.')).filter((name) => name.includes('.part'))).toEqual([]);
  });

  test.each([
    ['zstd', 'compression=zstd,force-compression=true'],
    ['uncompressed', 'compression=uncompressed,force-compression=true'],
    ['docker types', 'oci-mediatypes=false'],
  ])('%s is valid too', async (name, attributes) => {
    await build('--platform', TWO, '-o', `type=oci,dest=form-${name},tar=false,${attributes}`);
    expect((await readLayout(at(`form-${name}`))).images).toHaveLength(2);
  });

  test('is refused where it cannot be', async () => {
    mkdirSync(at('a-folder'));
    const refused = async (output: string) =>
      (await environment().polyarch(['build', '-o', output, '.'], { allowFailure: true })).stderr;
    expect(await refused('type=oci,dest=a-folder')).toMatch(/INVALID_OUTPUT.*tar=false/s);
    expect(await refused('type=oci,dest=hello.tar,tar=false')).toContain('INVALID_OUTPUT');
    expect(await refused('type=oci,tar=false')).toContain('INVALID_OUTPUT');
  });
});

describe('type=docker', () => {
  test('one platform: manifest.json as docker save writes it', async () => {
    await build('-t', 'docker/one:1', '-t', 'two', '-o', 'type=docker,dest=docker.tar');
    const folder = unpack('docker.tar');
    const [entry, ...more] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
      Config: string;
      RepoTags: string[];
      Layers: string[];
    }[];
    expect(more).toEqual([]);
    expect(entry?.RepoTags).toEqual(['docker/one:1', 'two:latest']);
    expect(entry?.Layers).toHaveLength(4);
    for (const path of [entry?.Config ?? '', ...(entry?.Layers ?? [])])
      expect(lstatSync(join(folder, path)).isFile()).toBe(true);
    const { mediaType } = await readLayout(folder);
    expect(mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
  });

  test('several platforms: an index, and a tag of its own for each platform', async () => {
    await build('--platform', `${TWO},linux/arm/v7`, '-t', 'multi:1', '-o', 'type=docker,dest=multi.tar');
    const folder = unpack('multi.tar');
    const entries = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { RepoTags: string[] }[];
    expect(entries.map((entry) => entry.RepoTags)).toEqual([['multi:1-amd64'], ['multi:1-arm64'], ['multi:1-armv7']]);
    expect((await readLayout(folder)).images).toHaveLength(3);
  });
});

/** What is in a tree: kind, mode, link, content; owners when asked for. */
function tree(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const path = join(root, name);
    const stat = lstatSync(path);
    const mode = (stat.mode & 0o7777).toString(8);
    const content = stat.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16) : '';
    if (stat.isSymbolicLink()) found[name] = `link ${readlinkSync(path)}`;
    else found[name] = `${stat.isDirectory() ? 'folder' : `file x${stat.nlink}`} ${mode} ${content}`;
  }
  return found;
}

describe('independent readers', () => {
  test('skopeo inspects the index and copies all of it', async (context: TestContext) => {
    const skopeo = requireTool(context, 'skopeo');
    const raw = await run([skopeo, 'inspect', '--raw', `oci:${at('layout')}:1`]);
    expect((JSON.parse(raw.stdout) as { manifests: unknown[] }).manifests).toHaveLength(2);
    await run([skopeo, 'copy', '--all', `oci:${at('layout')}:1`, `oci:${at('copied')}:x`]);
    expect((await readLayout(at('copied'))).digest).toBe((await readLayout(at('layout'))).digest);
    await run([skopeo, 'copy', '--all', `oci-archive:${at('hello.tar')}`, `dir:${at('as-dir')}`]);
    for (const arch of ['amd64', 'arm64']) {
      const target = `docker-archive:${at(`${arch}.tar`)}:hello:${arch}`;
      await run([skopeo, '--override-arch', arch, 'copy', `oci:${at('layout')}:1`, target]);
      const { stdout } = await run([skopeo, 'inspect', '--config', `docker-archive:${at(`${arch}.tar`)}`]);
      expect(JSON.parse(stdout)).toMatchObject({ architecture: arch, config: { Cmd: ['/hello.sh'] } });
    }
    await build('-t', 'for-skopeo:1', '-o', 'type=docker,dest=for-skopeo.tar');
    const { stdout } = await run([skopeo, 'inspect', `docker-archive:${at('for-skopeo.tar')}`]);
    expect((JSON.parse(stdout) as { Layers: unknown[] }).Layers).toHaveLength(4);
  });

  test('umoci unpacks the tree that type=local copies', async (context: TestContext) => {
    const umoci = requireTool(context, 'umoci');
    // umoci takes layouts of manifests only.
    await build('-t', 'umoci:1', '-o', 'type=oci,dest=umoci,tar=false', '-o', 'type=local,dest=umoci-local');
    await run([umoci, 'unpack', '--image', `${at('umoci')}:1`, at('bundle')]);
    expect(tree(at('bundle/rootfs'))).toEqual(tree(at('umoci-local')));
    const { stdout } = await run([umoci, 'stat', '--image', `${at('umoci')}:1`, '--json']);
    expect((JSON.parse(stdout) as { history: unknown[] }).history.length).toBeGreaterThanOrEqual(4);
    expect(lstatSync(at('bundle/rootfs/data/sub'))).toMatchObject({ uid: 1000, gid: 1001 });
  });

  test('podman pulls each platform from a registry and runs its own', async (context: TestContext) => {
    const podman = requireTool(context, 'podman');
    if (process.getuid?.() !== 0) skip(context, 'podman with a store of its own needs root here');
    await using registry = await startRegistry();
    const name = `${registry.host}/podman/hello:1`;
    await build('--platform', TWO, '-t', name, '--push');
    const base = [podman, '--root', at('..', 'podman'), '--runroot', at('..', 'podman-run'), '--storage-driver', 'vfs'];
    const pull = async (arch: string): Promise<string> =>
      (await run([...base, 'pull', '-q', '--tls-verify=false', '--arch', arch, name])).stdout.trim();
    const foreign = await pull('arm64');
    const { stdout } = await run([...base, 'image', 'inspect', '--format', '{{.Architecture}}', foreign]);
    expect(stdout).toBe('arm64\n');
    const native = await pull('amd64');
    expect(native).not.toBe(foreign);
    // crun knows no mixed cgroup versions, runc no containers without a cgroup.
    const runc = findProgram('runc');
    const engine = runc === undefined ? base : [...base, '--runtime', runc, '--cgroup-manager=cgroupfs'];
    const cgroups = runc === undefined ? '--cgroups=disabled' : '--cgroups=enabled';
    const limits = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'];
    const options = [cgroups, ...limits, '--network=host', '--rm', '--pull=never'];
    expect((await run([...engine, 'run', ...options, native])).stdout).toBe('hello from x86_64\n');
  });
});
