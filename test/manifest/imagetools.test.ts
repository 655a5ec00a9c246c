import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Index, readRemote, sha256 } from '../build/image-reader.ts';
import { expectFailure } from '../registry-cli/cli.ts';
import { makeImage, seed } from '../registry-cli/seed.ts';
import { digestAt, missing, place, skopeoRaw } from './registry.ts';

const [amd64, arm64, arm7] = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];
const INDEX = 'application/vnd.oci.image.index.v1+json';

describe.skipIf(missing !== undefined)('imagetools', () => {
  const { host, plain, other, proxy, environment, cli } = place();
  const three = makeImage({ platforms: [amd64, arm64, arm7] });
  const one = makeImage({ platforms: ['linux/s390x'] });
  const docker = makeImage({ platforms: [amd64, arm64], family: 'docker' });
  const rootOf = ({ root }: { root: { entry: { digest: string } } }) => root.entry.digest;
  const create = (...args: string[]) => cli('imagetools', 'create', ...args);

  beforeAll(async () => {
    await seed(plain(), 'x/three:1', three);
    await seed(plain(), 'x/one:1', one);
    await seed(plain(), 'x/docker:1', docker);
  });

  test('one index is copied byte for byte, within a repository without a blob', async (context) => {
    proxy().requests.length = 0;
    const made = await create('-t', `${host()}/x/three:copy`, `${host()}/x/three:1`);
    expect(made.code, made.stderr).toBe(0);
    expect(skopeoRaw(context, `${plain()}/x/three:copy`)).toEqual(three.root.bytes);
    expect(proxy().requests.some(({ url }) => url.includes('/blobs/'))).toBe(false);
  });

  test('to another repository blobs are mounted, to another registry they are sent', async () => {
    proxy().requests.length = 0;
    const names = [`${host()}/y/three:1`, `${other()}/z/three:1`, `${other()}/z/three:2`, `${other()}/z/second:1`];
    const made = await create(...names.flatMap((name) => ['-t', name]), `${host()}/x/three:1`);
    expect(made.code, made.stderr).toBe(0);
    expect(proxy().received(/y\/three\/blobs\/uploads/)).toBe(0);
    expect((await readRemote(plain(), 'y/three', '1')).images).toHaveLength(3);
    for (const [repository, tag] of [
      ['z/three', '1'],
      ['z/three', '2'],
      ['z/second', '1'],
    ] as const)
      expect((await readRemote(other(), repository, tag)).images).toHaveLength(3);
    expect(await digestAt(other(), 'z/three', '2')).toBe(rootOf(three));
  });

  test('images and indexes become one index, from several repositories, a folder and by digest', async (context) => {
    const copied = await create('-t', 'oci-layout://layout:a', `${host()}/x/one:1`, '--prefer-index=false');
    expect(copied.code, copied.stderr).toBe(0);
    const name = `${host()}/made/app`;
    const made = await create('-t', `${name}:1`, `${host()}/x/three:1`, 'oci-layout://layout:a');
    expect(made.code, made.stderr).toBe(0);
    const bytes = skopeoRaw(context, `${plain()}/made/app:1`);
    const index = JSON.parse(bytes.toString()) as Index;
    expect(index.manifests.map(({ digest }) => digest)).toEqual(
      [...three.manifests.slice(0, 3), one.root].map(({ entry }) => entry.digest),
    );
    expect(index.manifests[3]?.platform).toEqual({ os: 'linux', architecture: 's390x' });
    expect((await readRemote(plain(), 'made/app', '1')).images).toHaveLength(4);
    const digest = three.manifests[1]?.entry.digest ?? '';
    const dry = await create('--dry-run', `${name}:1`, digest);
    expect(sha256(Buffer.from(dry.stdout.trimEnd()))).toBe(sha256(bytes));
  });

  test('a local image is a source', async () => {
    expect((await cli('pull', `${host()}/x/one:1`)).code).toBe(0);
    const made = await create('-t', `${other()}/local/one:1`, `local://${host()}/x/one:1`);
    expect(made.code, made.stderr).toBe(0);
    expect((await readRemote(other(), 'local/one', '1')).images).toHaveLength(1);
  });

  test('--append, --annotation, --platform, -f and --metadata-file', async () => {
    const name = `${host()}/made/more`;
    await create('-t', `${name}:1`, `${host()}/x/three:1`);
    const entry = { ...three.manifests[0]?.entry, platform: { 'os.version': '10.1' } };
    environment().write({ 'entry.json': JSON.stringify({ digest: entry.digest, platform: entry.platform }) });
    expect((await create('-t', `${name}:1`, '--append', `${host()}/x/one:1`)).code).toBe(0);
    const flags = ['--annotation', 'index:a.b=c', '--annotation', 'manifest-descriptor[linux/arm64]:d=e'];
    const chosen = ['-p', 'linux/arm64,linux/s390x', '--metadata-file', 'meta.json'];
    const made = await create('-t', `${name}:2`, `${name}:1`, ...flags, ...chosen);
    expect(made.code, made.stderr).toBe(0);
    const answer = await fetch(`http://${plain()}/v2/made/more/manifests/2`, { headers: { accept: INDEX } });
    const index = (await answer.json()) as Index & { annotations: unknown };
    expect(index.annotations).toEqual({ 'a.b': 'c' });
    expect(index.manifests.map(({ platform, annotations }) => [platform?.architecture, annotations])).toEqual([
      ['arm64', { d: 'e' }],
      ['s390x', undefined],
    ]);
    const metadata = JSON.parse(readFileSync(join(environment().folder, 'meta.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(metadata).toEqual({
      'containerimage.descriptor': expect.objectContaining({ digest: await digestAt(plain(), 'made/more', '2') }),
      'image.name': name,
    });
    const versioned = await create('--dry-run', '-f', 'entry.json', `${host()}/made/more:1`);
    expect(JSON.parse(versioned.stdout)).toMatchObject({
      manifests: [{ platform: { os: 'linux', architecture: 'amd64' } }, {}, {}, {}],
    });
  });

  test('Docker’s lists stay Docker’s', async () => {
    const dry = await create(
      '--dry-run',
      `${host()}/x/docker@${docker.manifests[0]?.entry.digest}`,
      docker.manifests[1]?.entry.digest ?? '',
    );
    expect(JSON.parse(dry.stdout)).toMatchObject({
      mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json',
    });
  });

  test('nothing to do is success, and moves nothing', async () => {
    proxy().requests.length = 0;
    const made = await create('-t', `${host()}/x/three:copy`, `${host()}/x/three:1`);
    expect(made.code).toBe(0);
    expect(made.stderr).toContain('already at');
    expect(proxy().requests.every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(true);
  });

  test('referrers go along, and their referrers', async () => {
    const signed = makeImage({ platforms: [amd64, arm64], files: { signed: 'yes' } });
    await seed(plain(), 'r/app:1', signed);
    const referrer = (subject: unknown, text: string) =>
      makeImage({
        files: { text },
        manifest: (manifest) => ({ ...manifest, artifactType: 'application/x.signature', subject }),
      });
    const tagged = async (subject: { digest: string }, image: ReturnType<typeof makeImage>) => {
      await seed(plain(), 'r/app:signature', image);
      const manifests = [{ ...image.root.entry, artifactType: 'application/x.signature' }];
      await fetch(`http://${plain()}/v2/r/app/manifests/${subject.digest.replace(':', '-')}`, {
        method: 'PUT',
        headers: { 'content-type': INDEX },
        body: JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }),
      });
    };
    const child = signed.manifests[1]?.entry ?? signed.root.entry;
    const onRoot = referrer(signed.root.entry, 'root');
    await tagged(signed.root.entry, onRoot);
    await tagged(child, referrer(child, 'child'));
    await tagged(onRoot.root.entry, referrer(onRoot.root.entry, 'again'));
    const made = await create('-t', `${other()}/r/copy:1`, '-t', 'oci-layout://signed', `${host()}/r/app:1`);
    expect(made.code, made.stderr).toBe(0);
    for (const { digest } of [signed.root.entry, child, onRoot.root.entry])
      expect(await digestAt(other(), 'r/copy', digest.replace(':', '-')), digest).toBeDefined();
    const again = await create('-t', `${other()}/r/third:1`, 'oci-layout://signed');
    expect(again.code, again.stderr).toBe(0);
    expect(await digestAt(other(), 'r/third', onRoot.root.entry.digest)).toBe(onRoot.root.entry.digest);
  });

  test('an index whose child is gone is CHILD_MISSING, and nothing is written', async () => {
    const broken = makeImage({ platforms: [amd64, arm64], files: { broken: 'yes' } });
    await seed(plain(), 'b/app:1', broken);
    const gone = broken.manifests[1]?.entry.digest ?? '';
    await fetch(`http://${plain()}/v2/b/app/manifests/${gone}`, { method: 'DELETE' });
    expectFailure(await create('-t', `${host()}/b/app:2`, `${host()}/b/app:1`), 'CHILD_MISSING', 'linux/arm64', gone);
    expect(await digestAt(plain(), 'b/app', '2')).toBeUndefined();
    const seen = await cli('imagetools', 'inspect', `${host()}/b/app:1`);
    expect(seen.stderr).toContain(`linux/arm64 (${gone})`);
    expect((await create('-t', `${host()}/b/app:2`, '-p', amd64, `${host()}/b/app:1`)).code).toBe(0);
  });

  test('a registry that takes no index says so', async () => {
    const digest = rootOf(three).replace(':', '.');
    proxy().inject(new RegExp(`^PUT .*n/app/manifests/${digest}`), { kind: 'answer', status: 415 });
    expectFailure(await create('-t', `${host()}/n/app:1`, `${host()}/x/three:1`), 'INDEX_REFUSED', 'n/app');
    expect(await digestAt(plain(), 'n/app', '1')).toBeUndefined();
  });

  test.each([
    [['--dry-run'], 'MISSING_ARGUMENT'],
    [['NAME'], 'MISSING_ARGUMENT'],
    [['--dry-run', 'NAME', '--annotation', 'a=b'], 'INVALID_ANNOTATION'],
    [['--dry-run', 'NAME', '-p', 'linux/riscv64'], 'NO_MATCHING_PLATFORM'],
    [['--dry-run', 'NAME', 'oci-layout://layout', `sha256:${'1'.repeat(64)}`], 'INVALID_REFERENCE'],
    [['--dry-run', '{"schemaVersion":2}'], 'INVALID_REFERENCE'],
    [['-t', 'oci-archive://app.tar', 'NAME'], 'INVALID_REFERENCE'],
    [['--dry-run', 'local://nothing'], 'IMAGE_NOT_FOUND'],
    [['--dry-run', 'oci-layout://nowhere'], 'NOT_AN_OCI_LAYOUT'],
    [['--dry-run', 'NAME-not'], 'NOT_FOUND'],
  ])('create %j is %s', async (args, code) => {
    expectFailure(await create(...args.map((arg) => arg.replace('NAME', `${host()}/x/three:1`))), code);
  });

  test('inspect: the table, the raw bytes and templates', async () => {
    const name = `${host()}/x/three:1`;
    const table = await cli('imagetools', 'inspect', name);
    expect(table.stdout).toBe(
      `Name:      ${name}\nMediaType: ${INDEX}\nDigest:    ${rootOf(three)}\n\nManifests:\n${three.manifests
        .slice(0, 3)
        .map(
          ({ entry }, i) =>
            `  Name:      ${name}@${entry.digest}\n  MediaType: ${entry.mediaType}\n  Platform:  ${[amd64, arm64, arm7][i]}\n`,
        )
        .join('\n')}`,
    );
    expect((await cli('imagetools', 'inspect', '--raw', name)).stdout).toBe(three.root.bytes.toString());
    const filled = async (template: string) => (await cli('imagetools', 'inspect', '--format', template, name)).stdout;
    expect(await filled('{{.Name}} {{.Manifest.Digest}}')).toBe(`${name} ${rootOf(three)}\n`);
    expect(JSON.parse(await filled('{{json (index .Image "linux/arm64")}}'))).toMatchObject({ architecture: 'arm64' });
    expect(await filled('{{range .Manifest.Manifests}}{{.Platform.Architecture}} {{end}}')).toBe('amd64 arm64 arm \n');
    expect(Object.keys(JSON.parse(await filled('{{json .}}')) as object)).toEqual(['name', 'manifest', 'image']);
    expect(await filled('{{json .Provenance}}')).toBe('{}\n');
    const single = await cli('imagetools', 'inspect', '--format', '{{.Image.Architecture}}', `${host()}/x/one:1`);
    expect(single.stdout).toBe('s390x\n');
  });

  test('inspect: provenance and SBOM are those of BuildKit’s attestations', async () => {
    const image = makeImage({ files: { attested: 'yes' } });
    const statement = (type: string, predicate: unknown) => {
      const bytes = Buffer.from(JSON.stringify({ predicateType: type, predicate }));
      const entry = { mediaType: 'application/vnd.in-toto+json', digest: sha256(bytes), size: bytes.length };
      return { bytes, entry: { ...entry, annotations: { 'in-toto.io/predicate-type': type } } };
    };
    const layers = [
      statement('https://slsa.dev/provenance/v0.2', { builder: { id: 'x' } }),
      statement('https://spdx.dev/Document', { name: 'first' }),
      statement('https://spdx.dev/Document', { name: 'second' }),
    ];
    const proof = makeImage({
      manifest: ({ config }) => ({
        schemaVersion: 2,
        mediaType: image.root.entry.mediaType,
        config,
        layers: layers.map(({ entry }) => entry),
      }),
    });
    const platform = { os: 'linux', architecture: 'amd64' };
    const annotations = {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': rootOf(image),
    };
    const manifests = [
      { ...image.root.entry, platform },
      { ...proof.root.entry, platform: { os: 'unknown', architecture: 'unknown' }, annotations },
    ];
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
    const root = { bytes, entry: { mediaType: INDEX, digest: sha256(bytes), size: bytes.length } };
    await seed(plain(), 'p/app:1', {
      root,
      layers: [],
      manifests: [image.root, proof.root, root],
      blobs: [...image.blobs, ...proof.blobs, ...layers],
    });
    const name = `${host()}/p/app:1`;
    const filled = async (template: string) =>
      (await cli('imagetools', 'inspect', '--format', template, name)).stdout.trim();
    expect(await filled('{{.Provenance.SLSA.builder.id}}')).toBe('x');
    expect(JSON.parse(await filled('{{json .SBOM}}'))).toEqual({
      SPDX: { name: 'first' },
      AdditionalSPDXs: [{ name: 'second' }],
    });
    expect(await filled('{{.Image.Os}}')).toBe('linux');
    const table = await cli('imagetools', 'inspect', name);
    expect(table.stdout).toContain(`  Annotations:\n    vnd.docker.reference.digest: ${rootOf(image)}\n`);
    expect(table.stderr).toContain('the entry unknown/unknown is an attestation (provenance, SBOM) of linux/amd64');
  });

  test('without a command it shows its help', async () => {
    const help = await cli('imagetools');
    expect([help.code, help.stderr + help.stdout]).toEqual([0, expect.stringContaining('create')]);
  });
});
