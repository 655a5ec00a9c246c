import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Descriptor, descriptorOf } from '../oci/descriptor.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { encodeJson } from '../oci/json.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { DiskStore } from './blob-store.ts';
import { collectGarbage } from './gc.ts';
import { isComplete, missingBlobs, platformImageFor, platformImages } from './image-contents.ts';
import { Leases } from './leases.ts';

const HOUR = 3600 * 1000;
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

/** Makes every blob as old as that. */
function age(ms: number): void {
  const time = (Date.now() - ms) / 1000;
  for (const { digest } of store.list()) utimesSync(store.path(digest), time, time);
}

describe('collectGarbage', () => {
  it('keeps what roots reach, and removes the rest, telling the bytes', () => {
    const image = putIndex([putImage('amd64', ['shared', 'a']), putImage('arm64', ['shared', 'b'])]);
    putImage('s390x', ['shared', 'gone']);
    const lonely = put(MEDIA_TYPE.ociLayer, 'a cached layer');
    const before = [...store.list()];
    age(2 * HOUR);

    const dry = collectGarbage(store, { roots: [image, lonely.digest], dryRun: true });
    expect([...store.list()].length).toBe(before.length);
    const result = collectGarbage(store, { roots: [image, lonely.digest] });
    expect(result).toEqual(dry);
    expect(result.removed.map(({ digest }) => digest)).toContain(digestOf('gone'));
    expect(result.removed.length).toBe(3);
    expect(result.freedBytes + result.usedBytes).toBe(before.reduce((sum, { size }) => sum + size, 0));
    expect(isComplete(store, image)).toBe(true);
    expect(store.hasSync(lonely)).toBe(true);
  });

  it('keeps all below a bare digest, as leases give it', () => {
    const leases = new Leases(join(folder, 'state.db'));
    const image = putIndex([putImage('amd64', ['a'])]);
    const lease = leases.open();
    lease.add(image.digest);
    age(2 * HOUR);
    expect(collectGarbage(store, { roots: leases.held() }).removed).toEqual([]);
    lease[Symbol.dispose]();
    expect(leases.held()).toEqual([]);
    expect(collectGarbage(store, { roots: leases.held() }).removed.length).toBe(4);
    leases[Symbol.dispose]();
  });

  it('forgets leases that ran out', () => {
    const leases = new Leases(join(folder, 'state.db'));
    leases.open({ lifetimeMs: HOUR, now: 0 }).add(digestOf('a'), digestOf('b'));
    expect(leases.held({ now: HOUR - 1 }).length).toBe(2);
    expect(leases.held({ now: HOUR })).toEqual([]);
    leases[Symbol.dispose]();
  });

  it('keeps what is young or was asked for of late', async () => {
    const old = put('x/y', 'old');
    const asked = put('x/y', 'asked for');
    age(2 * HOUR);
    put('x/y', 'young');
    expect(await store.exists(asked)).toBe(true);
    const result = collectGarbage(store, { roots: [] });
    expect(result.removed.map(({ digest }) => digest)).toEqual([old.digest]);
    expect(result.youngBytes).toBe('young'.length + 'asked for'.length);
  });

  it('keeps what a partial image has', () => {
    const arm64 = putImage('arm64', ['b']);
    const image = putIndex([putImage('amd64', ['a']), arm64]);
    store.delete(arm64.digest);
    age(2 * HOUR);
    const { removed } = collectGarbage(store, { roots: [image] });
    expect(removed.map(({ digest }) => digest)).toContain(digestOf('b'));
    expect(store.hasSync(digestOf('a'))).toBe(true);
  });

  it('is not stopped by a damaged manifest', () => {
    const image = putImage('amd64', ['a']);
    writeFileSync(store.path(image.digest), 'junk');
    age(2 * HOUR);
    expect(() => collectGarbage(store, { roots: [image] })).not.toThrow();
  });

  it('removes what dead writers left, and counts it', () => {
    const ingest = join(folder, 'ingest');
    mkdirSync(ingest, { recursive: true });
    writeFileSync(join(ingest, 'dead'), 'half a blob');
    writeFileSync(join(ingest, 'alive'), 'half a blob');
    utimesSync(join(ingest, 'dead'), 0, 0);
    expect(collectGarbage(store, { roots: [] }).freedBytes).toBe('half a blob'.length);
    expect(existsSync(join(ingest, 'dead'))).toBe(false);
    expect(existsSync(join(ingest, 'alive'))).toBe(true);
  });
});

describe('platformImages', () => {
  it('tells which platforms of an image are complete', () => {
    const attestation = { ...putImage('unknown', ['sbom']), platform: { os: 'unknown', architecture: 'unknown' } };
    const image = putIndex([putImage('amd64', ['a']), putImage('arm64', ['b']), putImage('s390x', ['c']), attestation]);
    const [, arm64, s390x] = platformImages(store, image);
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
    expect(platformImageFor(store, image, { os: 'linux', architecture: 'arm64' })?.manifest.digest).toBe(
      arm64?.manifest.digest,
    );
    expect(platformImageFor(store, image, { os: 'linux', architecture: 'riscv64' })).toBeUndefined();
  });

  it('finds the platform of a lone manifest in its config', () => {
    const { platform: _, ...manifest } = putImage('arm64', ['a']);
    expect(platformImages(store, manifest)[0]?.platform).toEqual({ os: 'linux', architecture: 'arm64' });
  });
});
