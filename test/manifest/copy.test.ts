import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Index, readLayout, readRemote, sha256 } from '../build/image-reader.ts';
import { succeed } from '../build/project.ts';
import { expectFailure, watch } from '../registry-cli/cli.ts';
import { type Blob, makeImage, type MadeImage, seed } from '../registry-cli/seed.ts';
import { requireTool } from '../support/environment.ts';
import { digestAt, missing, place, skopeoRaw } from './registry.ts';

const MEGABYTE = 1024 * 1024;
const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'] as const;

describe.skipIf(missing !== undefined)('copy', () => {
  const { host, plain, other, proxy, environment, cli } = place();
  const image = makeImage({ platforms: [...PLATFORMS] });
  const docker = makeImage({ platforms: ['linux/amd64', 'linux/arm64'], family: 'docker', files: { a: 'docker' } });
  const { digest } = image.root.entry;
  const copy = async (...args: readonly string[]) => succeed(await cli('copy', ...args));
  const at = (name: string): string => join(environment().folder, name);

  beforeAll(async () => {
    await seed(plain(), 'x/app:1', image);
    await seed(plain(), 'x/docker:1', docker);
  });

  test('through every kind of place and back, byte for byte', async (context) => {
    const places = [
      `${host()}/x/app:1`,
      'oci-archive://way.tar',
      'oci-layout://way:1',
      'oci-archive://named.tar:demo/app:2',
      'docker-archive://way-docker.tar:demo/app:3',
      'local://demo/app:4',
      'local://demo/app:5',
      `${other()}/way/app:6`,
    ];
    expect((await copy('-q', `${host()}/x/docker:1`, 'oci-layout://docker')).stdout).toBe(
      `${docker.root.entry.digest}\n`,
    );
    for (const [i, to] of places.entries()) {
      const from = places[i - 1];
      if (from === undefined) continue;
      expect((await copy('-q', from, to)).stdout).toBe(`${digest}\n`);
    }
    expect(skopeoRaw(context, `${other()}/way/app:6`)).toEqual(image.root.bytes);
    const held = await readRemote(other(), 'way/app', '6');
    expect(held.images.map(({ layers }) => layers.length)).toEqual([1, 1, 1]);
  });

  test('a blob that was sent to a registry before is mounted from where it went', async () => {
    const recorded = makeImage({ platforms: [...PLATFORMS], files: { recorded: 'yes' } });
    await seed(other(), 'rec/app:1', recorded);
    // Makes the store, and with it the record.
    await copy(`${other()}/rec/app:1`, 'local://rec/app:1');
    await copy(`${other()}/rec/app:1`, `${host()}/rec/first:1`);
    proxy().requests.length = 0;
    await copy(`${other()}/rec/app:1`, `${host()}/rec/second:1`);
    const blobs = proxy().requests.filter(({ url }) => url.includes('/blobs/'));
    expect(blobs.map(({ method, url }) => `${method} ${/from=.*/.exec(url)?.[0]}`)).toEqual(
      recorded.blobs.map(() => 'POST from=rec%2Ffirst'),
    );
    expect(await digestAt(plain(), 'rec/second', '1')).toBe(recorded.root.entry.digest);
  });

  test('readers that are not ours: skopeo, umoci, podman', async (context) => {
    const [skopeo, umoci, podman] = (['skopeo', 'umoci', 'podman'] as const).map((tool) => requireTool(context, tool));
    const run = (program: string | undefined, ...args: readonly string[]): string =>
      execFileSync(program ?? '', args, { cwd: environment().folder, encoding: 'utf8' });
    await copy(`${host()}/x/app:1`, 'oci-archive://read.tar:latest');
    expect(run(skopeo, 'inspect', '--raw', 'oci-archive:read.tar:latest')).toBe(image.root.bytes.toString());
    await copy(`${host()}/x/app:1`, 'oci-layout://read:tag');
    expect(run(umoci, 'ls', '--layout', 'read')).toBe('tag\n');
    await copy('--platform', 'linux/arm64', `${host()}/x/app:1`, 'docker-archive://read-docker.tar:demo/read:1');
    const inspected = JSON.parse(run(skopeo, 'inspect', 'docker-archive:read-docker.tar:demo/read:1')) as object;
    expect(inspected).toMatchObject({ Architecture: 'arm64' });
    await copy('--platform', 'linux/arm64,linux/amd64', `${host()}/x/app:1`, `${other()}/read/app:some`);
    const storage = ['--root', at('podman'), '--runroot', at('podman-run'), '--storage-driver', 'vfs'];
    const pull = ['pull', '-q', '--tls-verify=false', '--platform', 'linux/arm64', `${other()}/read/app:some`];
    const id = run(podman, ...storage, ...pull).trim();
    expect(run(podman, ...storage, 'image', 'inspect', '--format', '{{.Architecture}}', id)).toBe('arm64\n');
  });

  test('what skopeo wrote as a docker archive is read, and its layers stay as they are', async (context) => {
    const skopeo = requireTool(context, 'skopeo');
    const args = ['copy', '--src-tls-verify=false', '--override-arch=arm64', `docker://${plain()}/x/app:1`];
    execFileSync(skopeo, [...args, `docker-archive:${at('skopeo.tar')}:demo/s:1`]);
    await copy('docker-archive://skopeo.tar', `${other()}/s/app:1`);
    const { images } = await readRemote(other(), 's/app', '1');
    expect(images.map(({ config }) => config.architecture)).toEqual(['arm64']);
    expectFailure(
      await cli('copy', 'docker-archive://skopeo.tar:demo/s:2', `${other()}/s/app:2`),
      'NOT_FOUND',
      /demo\/s:1/,
    );
  });

  test('within one registry no blob is sent; what is there already is said', async () => {
    proxy().requests.length = 0;
    await copy(`${host()}/x/app:1`, `${host()}/x/mounted:1`);
    expect(proxy().received(/mounted\/blobs/)).toBe(0);
    expect(proxy().count(/^GET .*blobs/)).toBe(0);
    expect((await copy(`${host()}/x/app:1`, `${host()}/x/mounted:1`)).stderr).toContain('is up to date');
  });

  test('--platform: a new index of the chosen ones, said; one image stays as it is', async () => {
    const { stderr } = await copy('--platform', 'linux/arm/v7,linux/amd64', `${host()}/x/app:1`, 'oci-layout://some:1');
    expect(stderr).toMatch(/the index is a new one, of linux\/arm\/v7, linux\/amd64 only: sha256:\w+, not/);
    const { index } = await readLayout(at('some'));
    expect(index?.manifests.map(({ digest: id }) => id)).toEqual([0, 2].map((i) => image.manifests[i]?.entry.digest));
    const none = await cli('copy', '--platform', 'linux/s390x', `${host()}/x/app:1`, `${host()}/x/none:1`);
    expectFailure(none, 'NO_MATCHING_PLATFORM', /linux\/arm64/);
    expect(await digestAt(plain(), 'x/none', '1')).toBeUndefined();
    const single = image.manifests[1]?.entry.digest ?? '';
    const by = await copy('-q', '--platform', 'linux/arm64', `${host()}/x/app@${single}`, `${host()}/x/single:1`);
    expect(by.stdout).toBe(`${single}\n`);
    expectFailure(await cli('copy', '--all', '--platform', 'linux/arm64', 'a', 'b'), 'INVALID_ARGUMENT');
  });

  test('--referrers: signatures go along, into an archive and out of it; without it they stay', async () => {
    await seed(plain(), 'ref/app:1', image);
    const signature = signatureOf(image.root);
    await seed(plain(), 'ref/app:signature', signature);
    const { digest: id } = signature.root.entry;
    // The registry has no referrers API: the tag that stands in for it.
    await seed(plain(), `ref/app:${digest.replace(':', '-')}`, indexOver([signature.root]));
    await copy(`${host()}/ref/app:1`, `${other()}/ref/without:1`);
    expect(await digestAt(other(), 'ref/without', id)).toBeUndefined();
    await copy('--referrers', `${host()}/ref/app:1`, 'oci-archive://signed.tar');
    await copy('--referrers', 'oci-archive://signed.tar', `${other()}/ref/app:1`);
    expect(await digestAt(other(), 'ref/app', '1')).toBe(digest);
    expect(await digestAt(other(), 'ref/app', id)).toBe(id);
    const listed = await fetch(`http://${other()}/v2/ref/app/manifests/${digest.replace(':', '-')}`, {
      headers: { accept: 'application/vnd.oci.image.index.v1+json' },
    });
    expect(((await listed.json()) as Index).manifests.map((entry) => entry.digest)).toEqual([id]);
  });

  test('what is no image is copied too', async () => {
    const artifact = signatureOf(undefined);
    await seed(plain(), 'art/app:1', artifact);
    await copy(`${host()}/art/app:1`, `${other()}/art/app:1`);
    expect(await digestAt(other(), 'art/app', '1')).toBe(artifact.root.entry.digest);
  });

  test('an archive that is none or not there, a blob that is gone: nothing is named', async () => {
    expectFailure(await cli('copy', `${host()}/no/such:1`, 'oci-layout://never:1'), 'NOT_FOUND', /no\/such:1/);
    writeFileSync(at('junk.tar'), randomBytes(4096));
    expectFailure(await cli('copy', 'oci-archive://junk.tar', 'oci-layout://never:1'), 'ARCHIVE_INVALID', /junk\.tar/);
    expectFailure(await cli('copy', 'oci-archive://absent.tar', 'oci-layout://never:1'), 'NOT_FOUND', /absent\.tar/);
    proxy().inject(new RegExp(`^GET .*${image.layers[0]?.entry.digest}`), { kind: 'answer', status: 404 });
    expectFailure(await cli('copy', `${host()}/x/app:1`, 'oci-archive://broken.tar'), 'NOT_FOUND', /sha256:/);
    expect(existsSync(at('broken.tar'))).toBe(false);
    proxy().clear();
    const unwritable = await cli('copy', `${host()}/x/app:1`, 'oci-archive:///proc/app.tar');
    expectFailure(unwritable, 'OUTPUT_UNWRITABLE', /\/proc\/app\.tar/);
    expect(unwritable.stderr).not.toContain('retrying');
  });

  test('a layer of 129 MB goes over, and in and out of an archive, in little memory', async () => {
    const big = makeImage({ size: 129 * MEGABYTE });
    await seed(plain(), 'big/app:1', big);
    const ways = [
      [`${plain()}/big/app:1`, `${other()}/big/app:1`],
      [`${plain()}/big/app:1`, 'oci-archive://big.tar'],
      ['oci-archive://big.tar', `${other()}/big/again:1`],
    ] as const;
    for (const [from, to] of ways) {
      const copied = await watch(environment(), ['copy', from, to]).ended;
      succeed(copied);
      // In MiB; the process alone takes about 85.
      expect(copied.peak).toBeLessThan(200);
    }
    expect(await digestAt(other(), 'big/again', '1')).toBe(big.root.entry.digest);
  });
});

const CONFIG = 'application/vnd.example.signature.v1+json';

/** A manifest that is no image's; attached to something, if that is given. */
function signatureOf(subject: Blob | undefined): MadeImage {
  const made = makeImage({
    files: { signature: 'x' },
    manifest: ({ config, layers }) => ({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: CONFIG,
      config: { ...config, mediaType: CONFIG },
      layers,
      ...(subject === undefined ? {} : { subject: subject.entry }),
    }),
  });
  return made;
}

function indexOver(manifests: readonly Blob[]): MadeImage {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, manifests: manifests.map(({ entry }) => entry) }),
  );
  const root = { entry: { mediaType, digest: sha256(bytes), size: bytes.length }, bytes };
  return { root, manifests: [root], blobs: [], layers: [] };
}
