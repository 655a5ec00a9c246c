import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Descriptor, descriptorOf } from '../oci/descriptor.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { encodeJson } from '../oci/json.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { DiskStore } from './blob-store.ts';
import { isComplete, missingBlobs, platformImages } from './image-contents.ts';
import { markReachable } from './reachable.ts';

let folder: string;
let store: DiskStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'polyarch-gc-'));
  store = new DiskStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(mediaType: string, content: Uint8Array | string | object, fields: Partial<Descriptor> = {}): Descriptor {
  const bytes =
    typeof content === 'string' ? Buffer.from(content) : content instanceof Uint8Array ? content : encodeJson(content);
  store.writeSync(bytes);
  return descriptorOf(bytes, { mediaType, ...fields });
}

function putImage(architecture: string, layers: readonly string[]): Descriptor {
  const config = put(MEDIA_TYPE.ociConfig, { os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: [] } });
  const blobs = layers.map((text) => put(MEDIA_TYPE.ociLayer, text));
  const platform = { os: 'linux', architecture };
  return put(MEDIA_TYPE.ociManifest, { schemaVersion: 2, config, layers: blobs }, { platform });
}

const putIndex = (manifests: readonly Descriptor[]) => put(MEDIA_TYPE.ociIndex, { schemaVersion: 2, manifests });

describe('markReachable', () => {
  it('finds what roots reach, and nothing else', () => {
    const image = putIndex([putImage('amd64', ['shared', 'a']), putImage('arm64', ['shared', 'b'])]);
    const lonely = put(MEDIA_TYPE.ociLayer, 'a cached layer');
    const reached = [...store.list()].map(({ digest }) => digest);
    putImage('s390x', ['shared', 'gone']);
    expect([...markReachable(store, [image, lonely.digest])].toSorted()).toEqual(reached.toSorted());
  });

  it('finds all below a bare digest', () => {
    const image = putIndex([putImage('amd64', ['a'])]);
    expect(markReachable(store, [image.digest]).size).toBe([...store.list()].length);
  });

  it('finds what a partial image has', () => {
    const arm64 = putImage('arm64', ['b']);
    const image = putIndex([putImage('amd64', ['a']), arm64]);
    store.delete(arm64.digest);
    const marked = markReachable(store, [image]);
    expect(marked.has(digestOf('a'))).toBe(true);
    expect(marked.has(digestOf('b'))).toBe(false);
  });

  it('is not stopped by a damaged manifest', () => {
    const image = putImage('amd64', ['a']);
    writeFileSync(store.path(image.digest), 'junk');
    expect([...markReachable(store, [image])]).toEqual([image.digest]);
  });
});

describe('platformImages', () => {
  it('tells which platforms of an image are complete', () => {
    const attestation = { ...putImage('unknown', ['sbom']), platform: { os: 'unknown', architecture: 'unknown' } };
    const image = putIndex([putImage('amd64', ['a']), putImage('arm64', ['b']), putImage('s390x', ['c']), attestation]);
    const [, , s390x] = platformImages(store, image);
    store.delete(digestOf('b'));
    if (s390x !== undefined) store.delete(s390x.manifest.digest);
    expect(platformImages(store, image).map(({ platform, complete }) => [platform?.architecture, complete])).toEqual([
      ['amd64', true],
      ['arm64', false],
      ['s390x', false],
    ]);
    expect(missingBlobs(store, image).map(({ digest }): Digest => digest)).toEqual([
      digestOf('b'),
      s390x?.manifest.digest,
    ]);
    expect(isComplete(store, image)).toBe(false);
  });

  it('finds the platform of a lone manifest in its config', () => {
    const { platform: _, ...manifest } = putImage('arm64', ['a']);
    expect(platformImages(store, manifest)[0]?.platform).toEqual({ os: 'linux', architecture: 'arm64' });
  });
});
