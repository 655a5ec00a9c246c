import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Descriptor, descriptorOf } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { encodeJson } from '../../src/oci/json.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { readAll } from '../../src/content/fetch-bytes.ts';
import type { Storage, Target } from '../../src/content/storage.ts';

/*
 * What every Storage and Target must do, whatever holds the blobs.
 */

export interface ConformanceSubject<T> extends AsyncDisposable {
  readonly subject: T;
}

export interface ConformanceOptions {
  /** Whether a manifest may come before what it names. A registry refuses that. Default true. */
  readonly looseManifests?: boolean;
  /** A reference for `tag` and `resolve`, by name; default the name itself. */
  readonly reference?: (name: string) => string;
}

/** Content that differs from run to run, so that a shared registry does not have it yet. */
function fresh(size: number): Buffer {
  const seed = Buffer.from(`${Date.now()} ${Math.random()} `);
  return Buffer.alloc(size, seed).fill(seed, 0);
}

const layerOf = (content: Uint8Array): Descriptor => descriptorOf(content, { mediaType: MEDIA_TYPE.ociLayerGzip });

function chunked(content: Uint8Array, size = 64 * 1024): Readable {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += size) chunks.push(content.subarray(at, at + size));
  return Readable.from(chunks, { objectMode: true });
}

const identity = ({ mediaType, digest, size }: Descriptor) => ({ mediaType, digest, size });

/** Registers the tests of a Storage; each test makes one of its own. */
export function storageConformance(make: () => Promise<ConformanceSubject<Storage>>): void {
  describe('as a Storage', () => {
    let made: ConformanceSubject<Storage>;
    let storage: Storage;
    beforeEach(async () => {
      made = await make();
      storage = made.subject;
    });
    afterEach(() => made[Symbol.asyncDispose]());

    const sizes = [0, 1, 1000, 300_000, 5_000_000];

    it.each(sizes)('gives back %i bytes that were pushed as a stream', async (size) => {
      const content = fresh(size);
      const descriptor = layerOf(content);
      expect(await storage.exists(descriptor)).toBe(false);
      await storage.push(descriptor, chunked(content));
      expect(await storage.exists(descriptor)).toBe(true);
      expect(content.equals(await readAll(await storage.fetch(descriptor)))).toBe(true);
    });

    it.each(sizes)('gives back %i bytes that were pushed at once', async (size) => {
      const content = fresh(size);
      await storage.push(layerOf(content), content);
      expect(content.equals(await readAll(await storage.fetch(layerOf(content))))).toBe(true);
    });

    it('fails with NOT_FOUND, naming the digest, for what it has not', async () => {
      const descriptor = layerOf(fresh(10));
      await expect(storage.fetch(descriptor).then((stream) => readAll(stream))).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining(descriptor.digest),
        details: { digest: descriptor.digest },
      });
    });

    const wrong = [
      ['other content', 'DIGEST_MISMATCH', (content: Buffer) => Buffer.from(content).fill(0, 5, 6)],
      ['content that ends early', 'SIZE_MISMATCH', (content: Buffer) => content.subarray(0, -1)],
      ['content that goes on', 'SIZE_MISMATCH', (content: Buffer) => Buffer.concat([content, content])],
    ] as const;

    describe.each([100, 400_000])('of %i bytes', (size) => {
      it.each(wrong)('refuses %s with %s as a stream, and keeps nothing', async (_name, code, spoil) => {
        const content = fresh(size);
        const descriptor = layerOf(content);
        await expect(storage.push(descriptor, chunked(spoil(content)))).rejects.toMatchObject({ code });
        expect(await storage.exists(descriptor)).toBe(false);
        await storage.push(descriptor, chunked(content));
        expect(await storage.exists(descriptor)).toBe(true);
      });

      it.each(wrong)('refuses %s with %s at once, and keeps nothing', async (_name, code, spoil) => {
        const content = fresh(size);
        const descriptor = layerOf(content);
        await expect(storage.push(descriptor, spoil(content))).rejects.toMatchObject({ code });
        expect(await storage.exists(descriptor)).toBe(false);
      });
    });

    it('keeps nothing of a stream that fails, and passes its failure on', async () => {
      const content = fresh(400_000);
      const descriptor = layerOf(content);
      const failing = Readable.from(
        (async function* () {
          yield content.subarray(0, 100_000);
          throw new Error('the wire was cut');
        })(),
      );
      await expect(storage.push(descriptor, failing)).rejects.toThrow('the wire was cut');
      expect(await storage.exists(descriptor)).toBe(false);
    });

    it('takes a blob again as success', async () => {
      const content = fresh(400_000);
      await storage.push(layerOf(content), chunked(content));
      await storage.push(layerOf(content), chunked(content));
      await storage.push(layerOf(content), content);
      expect(await storage.exists(layerOf(content))).toBe(true);
    });

    it('takes one blob from several pushers at once', async () => {
      const content = fresh(400_000);
      const descriptor = layerOf(content);
      await Promise.all(Array.from({ length: 8 }, () => storage.push(descriptor, chunked(content))));
      expect(content.equals(await readAll(await storage.fetch(descriptor)))).toBe(true);
    });

    it('stores a blob when the first of two pushers fails', async () => {
      const content = fresh(400_000);
      const descriptor = layerOf(content);
      const results = await Promise.allSettled([
        storage.push(descriptor, chunked(content.subarray(0, 10))),
        storage.push(descriptor, chunked(content)),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
      expect(await storage.exists(descriptor)).toBe(true);
    });

    it('stops pushing when it is aborted, and keeps nothing', async () => {
      const content = fresh(400_000);
      const descriptor = layerOf(content);
      const abort = new AbortController();
      const endless = new Readable({
        read() {
          setTimeout(() => abort.abort(new Error('enough')), 5);
        },
      });
      await expect(storage.push(descriptor, endless, { signal: abort.signal })).rejects.toThrow(/enough|abort/i);
      expect(await storage.exists(descriptor)).toBe(false);
      await expect(storage.push(descriptor, content, { signal: abort.signal })).rejects.toThrow(/enough|abort/i);
      await expect(storage.fetch(descriptor, { signal: abort.signal })).rejects.toThrow(/enough|abort/i);
    });
  });
}

/** The tests of `storageConformance`, and those of names. */
export function targetConformance(
  make: () => Promise<ConformanceSubject<Target>>,
  options: ConformanceOptions = {},
): void {
  storageConformance(make);
  const reference = options.reference ?? ((name) => name);

  describe('as a Target', () => {
    let made: ConformanceSubject<Target>;
    let target: Target;
    beforeEach(async () => {
      made = await make();
      target = made.subject;
    });
    afterEach(() => made[Symbol.asyncDispose]());

    /** Pushes a whole image of one layer; returns its manifest's descriptor. */
    async function pushImage(): Promise<Descriptor> {
      const layer = fresh(100);
      const config = encodeJson({
        os: 'linux',
        architecture: 'arm64',
        rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      });
      const configDescriptor = descriptorOf(config, { mediaType: MEDIA_TYPE.ociConfig });
      await target.push(layerOf(layer), layer);
      await target.push(configDescriptor, config);
      return pushManifest({ config: configDescriptor, layers: [layerOf(layer)] });
    }

    async function pushManifest(fields: { config: Descriptor; layers: readonly Descriptor[] }): Promise<Descriptor> {
      const manifest = encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, ...fields });
      const descriptor = descriptorOf(manifest, { mediaType: MEDIA_TYPE.ociManifest });
      await target.push(descriptor, manifest);
      return descriptor;
    }

    it('resolves a name to what was tagged with it last', async () => {
      const first = await pushImage();
      const second = await pushImage();
      await target.tag(first, reference('v1'));
      await target.tag(first, reference('v2'));
      await target.tag(second, reference('v1'));
      expect(identity(await target.resolve(reference('v1')))).toEqual(second);
      expect(identity(await target.resolve(reference('v2')))).toEqual(first);
    });

    it('resolves a digest', async () => {
      const image = await pushImage();
      expect(identity(await target.resolve(image.digest))).toEqual(image);
    });

    it('fails with NOT_FOUND for a name or digest that it has not', async () => {
      await expect(target.resolve(reference('nothing'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(target.resolve(digestOf(fresh(5)))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('does not tag what it has not', async () => {
      const absent = descriptorOf(fresh(5), { mediaType: MEDIA_TYPE.ociManifest });
      await expect(target.tag(absent, reference('v3'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(target.resolve(reference('v3'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it.skipIf(options.looseManifests === false)('takes a manifest before what it names', async () => {
      const layer = layerOf(fresh(10));
      const image = await pushManifest({ config: layer, layers: [layer] });
      expect(await target.exists(image)).toBe(true);
    });
  });
}
