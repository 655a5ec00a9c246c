import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Descriptor, descriptorOf } from '../oci/descriptor.ts';
import { encodeJson } from '../oci/json.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { OciLayout } from './oci-layout.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'polyarch-layout-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function putManifest(layout: OciLayout, note: string): Promise<Descriptor> {
  const bytes = encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [], annotations: { note } });
  const descriptor = descriptorOf(bytes, { mediaType: MEDIA_TYPE.ociIndex });
  await layout.push(descriptor, bytes);
  return descriptor;
}

const names = (layout: OciLayout) =>
  layout
    .index()
    .manifests.map(({ annotations }) => [
      annotations?.['io.containerd.image.name'],
      annotations?.['org.opencontainers.image.ref.name'],
    ]);

describe('OciLayout', () => {
  it('is a folder with nothing but what the specification names', async () => {
    const layout = await OciLayout.create(join(folder, 'new/layout'));
    const image = await putManifest(layout, 'a');
    await layout.tag(image, 'v1');
    const files = readdirSync(layout.root, { recursive: true, encoding: 'utf8' }).toSorted();
    expect(files).toEqual([
      'blobs',
      'blobs/sha256',
      `blobs/sha256/${image.digest.slice(7)}`,
      'index.json',
      'oci-layout',
    ]);
    expect(JSON.parse(readFileSync(join(layout.root, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' });
  });

  it('writes a tag as the ref name, and a reference as containerd does', async () => {
    const layout = await OciLayout.create(folder);
    const image = await putManifest(layout, 'a');
    await layout.tag(image, 'v1');
    await layout.tag(image, 'demo/app:v1');
    await layout.tag(image, 'demo/app');
    expect(names(layout)).toEqual([
      [undefined, 'v1'],
      ['docker.io/demo/app:v1', 'v1'],
      ['docker.io/demo/app:latest', 'latest'],
    ]);
  });

  it('adds an image without a name once, and gives that entry the first name', async () => {
    const layout = await OciLayout.create(folder);
    const image = await putManifest(layout, 'a');
    await layout.add(image);
    await layout.add(image);
    expect(names(layout)).toEqual([[undefined, undefined]]);
    expect(await layout.resolve('')).toMatchObject(image);
    await layout.tag(image, 'v1');
    expect(names(layout)).toEqual([[undefined, 'v1']]);
    await layout.add(image);
    expect(layout.index().manifests.length).toBe(1);
  });

  it('resolves by whatever another tool wrote', async () => {
    const layout = await OciLayout.create(folder);
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((note) => putManifest(layout, note)));
    const entries = [
      { ...a, annotations: { 'org.opencontainers.image.ref.name': 'docker.io/library/zoo:1' } },
      {
        ...b,
        annotations: {
          'org.opencontainers.image.ref.name': 'latest',
          'io.containerd.image.name': 'docker.io/demo/app:latest',
        },
      },
      c,
    ];
    writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: entries, 'x-kept': 1 }));
    expect(await layout.resolve('zoo:1')).toMatchObject({ digest: a?.digest });
    expect(await layout.resolve('latest')).toMatchObject({ digest: b?.digest });
    expect(await layout.resolve('demo/app')).toMatchObject({ digest: b?.digest });
    expect(await layout.resolve(c?.digest ?? '')).toMatchObject({ digest: c?.digest });
    await expect(layout.resolve('')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('3 images'),
    });
    await expect(layout.resolve('other')).rejects.toMatchObject({ hint: expect.stringContaining('zoo:1') });
    if (c !== undefined) await layout.tag(c, 'c');
    expect(readFileSync(join(folder, 'index.json'), 'utf8')).toContain('x-kept');
  });

  it('loses no entry to writers at the same time', async () => {
    const layouts = await Promise.all(Array.from({ length: 4 }, () => OciLayout.create(folder)));
    await Promise.all(
      layouts.flatMap((layout, writer) =>
        Array.from({ length: 5 }, async (_, index) =>
          layout.tag(await putManifest(layout, `${writer}.${index}`), `v${writer}.${index}`),
        ),
      ),
    );
    expect(names(await OciLayout.create(folder)).length).toBe(20);
    expect(readdirSync(folder).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it.each([
    ['an empty folder', () => {}, 'has no file oci-layout'],
    [
      'another version',
      () => writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}'),
      'version "2.0.0"',
    ],
    ['a file that is no JSON', () => writeFileSync(join(folder, 'oci-layout'), 'x'), 'is not JSON'],
    ['a folder in its place', () => mkdirSync(join(folder, 'oci-layout')), 'cannot read'],
  ])('does not open %s', (_name, prepare, why) => {
    prepare();
    expect(() => OciLayout.open(folder)).toThrow(
      expect.objectContaining({ code: 'NOT_AN_OCI_LAYOUT', message: expect.stringContaining(why) }),
    );
  });

  it.each([
    ['a missing index.json', undefined],
    ['one that is no JSON', '{'],
    [
      'one with a bad digest',
      '{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../../etc/passwd","size":1}]}',
    ],
  ])('names the file of %s', async (_name, text) => {
    const layout = await OciLayout.create(folder);
    rmSync(join(folder, 'index.json'));
    if (text !== undefined) writeFileSync(join(folder, 'index.json'), text);
    await expect(layout.resolve('x')).rejects.toMatchObject({
      code: 'NOT_AN_OCI_LAYOUT',
      message: expect.stringContaining(join(folder, 'index.json')),
    });
  });
});
