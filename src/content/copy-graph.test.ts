import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Descriptor, descriptorOf } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import { encodeJson } from '../oci/json.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { copyGraph, type CopyGraphOptions, type CopyProgress } from './copy-graph.ts';
import { fetchBytes } from './fetch-bytes.ts';
import { platformFilter } from './platform-filter.ts';
import { parsePlatform } from '../oci/platform.ts';
import { MemoryStore } from './memory-store.ts';
import type { Fetcher, Storage } from './storage.ts';

/** Puts content into a store; every push gives its descriptor. */
async function put(store: Storage, mediaType: string, content: Uint8Array | object): Promise<Descriptor> {
  const bytes = content instanceof Uint8Array ? content : encodeJson(content);
  const descriptor = descriptorOf(bytes, { mediaType });
  await store.push(descriptor, bytes);
  return descriptor;
}

async function putImage(store: Storage, architecture: string, layers: readonly string[], fields: object = {}) {
  const blobs = await Promise.all(layers.map((text) => put(store, MEDIA_TYPE.ociLayer, Buffer.from(text))));
  const config = await put(store, MEDIA_TYPE.ociConfig, {
    os: 'linux',
    architecture,
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const manifest = await put(store, MEDIA_TYPE.ociManifest, { schemaVersion: 2, config, layers: blobs, ...fields });
  return { ...manifest, platform: { os: 'linux', architecture } };
}

async function putIndex(store: Storage, manifests: readonly Descriptor[], fields: object = {}): Promise<Descriptor> {
  return put(store, MEDIA_TYPE.ociIndex, { schemaVersion: 2, manifests, ...fields });
}

/** A two-platform image whose images share a layer, written with blanks that no encoder of ours makes. */
async function sample() {
  const source = new MemoryStore();
  const amd64 = await putImage(source, 'amd64', ['shared', 'amd64 only']);
  const arm64 = await putImage(source, 'arm64', ['shared', 'arm64 only']);
  const text = Buffer.from(
    `{ "schemaVersion": 2, "x-unknown": true,\n "manifests": ${JSON.stringify([amd64, arm64])} }\n`,
  );
  return { source, amd64, arm64, root: await put(source, MEDIA_TYPE.ociIndex, text), text };
}

/** A target that notes what it is asked. */
class Recorder extends MemoryStore {
  readonly pushed: string[] = [];
  readonly asked: string[] = [];
  inFlight = 0;
  most = 0;
  override async exists(descriptor: Descriptor): Promise<boolean> {
    this.asked.push(descriptor.digest);
    return super.exists(descriptor);
  }
  override async push(descriptor: Descriptor, content: Readable | Uint8Array, options = {}): Promise<void> {
    this.inFlight += 1;
    this.most = Math.max(this.most, this.inFlight);
    try {
      await sleep(2);
      await super.push(descriptor, content, options);
    } finally {
      this.inFlight -= 1;
    }
    this.pushed.push(descriptor.digest);
  }
}

class ClosedRecorder extends Recorder {
  readonly closed = true;
}

interface Failure {
  readonly name: string;
  readonly make: () => Promise<CopyGraphOptions & { source: Fetcher; root: Descriptor }>;
  readonly error: object;
}

const FAILURES: readonly Failure[] = [
  {
    name: 'a blob is missing',
    async make() {
      const source = new MemoryStore();
      const config = descriptorOf(Buffer.from('{}'), { mediaType: MEDIA_TYPE.ociConfig });
      return { source, root: await put(source, MEDIA_TYPE.ociManifest, { schemaVersion: 2, config, layers: [] }) };
    },
    error: { code: 'NOT_FOUND', details: expect.objectContaining({ digest: digestOf('{}') }) },
  },
  {
    name: 'the source lies about a blob',
    async make() {
      const { source, root } = await sample();
      const fetch = async (descriptor: Descriptor) =>
        descriptor.mediaType === MEDIA_TYPE.ociLayer
          ? Readable.from([Buffer.alloc(descriptor.size)])
          : source.fetch(descriptor);
      return { source: { fetch }, root };
    },
    error: { code: 'DIGEST_MISMATCH' },
  },
  {
    name: 'it is aborted',
    async make() {
      const { source, root } = await sample();
      const abort = new AbortController();
      return { source, root, signal: abort.signal, concurrency: 1, after: () => abort.abort(new Error('enough')) };
    },
    error: { message: 'enough' },
  },
  {
    name: 'indexes are nested too deeply',
    async make() {
      const source = new MemoryStore();
      let root = await putIndex(source, []);
      for (let depth = 0; depth < 20; depth += 1) root = await putIndex(source, [root]);
      return { source, root };
    },
    error: { code: 'GRAPH_TOO_DEEP' },
  },
  {
    name: 'there are too many descriptors',
    async make() {
      const source = new MemoryStore();
      const leaves = Array.from({ length: 12_000 }, (_, index) =>
        descriptorOf(Buffer.from(`${index}`), { mediaType: 'x/y' }),
      );
      const parts = [await putIndex(source, leaves.slice(0, 6000)), await putIndex(source, leaves.slice(6000))];
      return { source, root: await putIndex(source, parts), before: () => sleep(5) };
    },
    error: { code: 'GRAPH_TOO_LARGE' },
  },
];

describe('copyGraph', () => {
  it('copies children before parents, each digest once, the root last, the bytes as they are', async () => {
    const { source, root, text, amd64, arm64 } = await sample();
    const target = new Recorder();
    await copyGraph({ source, target }, root);
    expect(target.pushed.length).toBe(new Set(target.pushed).size);
    expect(target.pushed.length).toBe(3 + 2 + 2 + 1);
    expect(target.pushed.at(-1)).toBe(root.digest);
    const shared = target.pushed.indexOf(digestOf('shared'));
    expect(shared).toBeLessThan(target.pushed.indexOf(amd64.digest));
    expect(shared).toBeLessThan(target.pushed.indexOf(arm64.digest));
    expect(text.equals(await fetchBytes(target, root))).toBe(true);
  });

  it('sends only what the target lacks', async () => {
    const { source, root, amd64 } = await sample();
    const target = new Recorder();
    await copyGraph({ source, target }, amd64);
    target.pushed.length = 0;
    await copyGraph({ source, target }, root);
    expect(target.pushed).not.toContain(digestOf('shared'));
    expect(target.pushed.length).toBe(4);
  });

  it('looks below a manifest that is there, unless the target is closed', async () => {
    const { source, root, text } = await sample();
    const open = new Recorder();
    await open.push(root, text);
    await copyGraph({ source, target: open }, root);
    expect(open.pushed.length).toBe(8);

    const closed = new ClosedRecorder();
    await closed.push(root, text);
    await copyGraph({ source, target: closed }, root);
    expect(closed.asked).toEqual([root.digest]);
  });

  it('leaves out what the filter leaves out, and all below it', async () => {
    const { source, root, arm64, amd64 } = await sample();
    const target = new MemoryStore();
    await copyGraph({ source, target }, root, { filter: (child) => child.digest !== amd64.digest });
    expect(await target.exists(root)).toBe(true);
    expect(await target.exists(arm64)).toBe(true);
    expect(await target.exists(amd64)).toBe(false);
    await expect(target.resolve(digestOf('amd64 only'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('copies only some platforms, with their attestations', async () => {
    const source = new MemoryStore();
    const amd64 = await putImage(source, 'amd64', ['a']);
    const arm64 = await putImage(source, 'arm64', ['b']);
    const attestation = async ({ digest }: Descriptor) => ({
      ...(await putImage(source, 'unknown', [`about ${digest}`])),
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digest },
    });
    const attestations = [await attestation(amd64), await attestation(arm64)];
    const root = await putIndex(source, [amd64, arm64, ...attestations]);
    const target = new MemoryStore();
    const filter = await platformFilter(source, root, { image: 'zoo', platforms: [parsePlatform('linux/aarch64')] });
    await copyGraph({ source, target }, root, { filter });
    const copied = await Promise.all([amd64, arm64, ...attestations, root].map((node) => target.exists(node)));
    expect(copied).toEqual([false, true, false, true, true]);

    const none = platformFilter(source, root, { image: 'zoo', platforms: [parsePlatform('linux/s390x')] });
    await expect(none).rejects.toMatchObject({
      code: 'NO_MATCHING_PLATFORM',
      message: 'zoo has no image for linux/s390x',
      hint: 'it has linux/amd64, linux/arm64',
    });
    const single = await platformFilter(source, amd64, { image: 'zoo', platforms: [parsePlatform('linux/s390x')] });
    expect(single(amd64, root)).toBe(true);
  });

  it('keeps to its concurrency', async () => {
    const source = new MemoryStore();
    const root = await putImage(
      source,
      'amd64',
      Array.from({ length: 20 }, (_, index) => `layer ${index}`),
    );
    for (const concurrency of [1, 3]) {
      const target = new Recorder();
      await copyGraph({ source, target }, root, { concurrency });
      expect(target.most).toBe(concurrency);
    }
  });

  it('mounts what the hook mounts, and sends the rest', async () => {
    const { source, root } = await sample();
    const target = new Recorder();
    const mounted: string[] = [];
    await copyGraph({ source, target }, root, {
      mount: async ({ digest, mediaType }) => {
        mounted.push(mediaType);
        return digest === digestOf('shared');
      },
    });
    expect(target.pushed).not.toContain(digestOf('shared'));
    expect(mounted.filter((type) => type === MEDIA_TYPE.ociLayer).length).toBe(3);
    expect(mounted).not.toContain(MEDIA_TYPE.ociManifest);
  });

  it('reports progress and calls its hooks', async () => {
    const { source, root } = await sample();
    const events: CopyProgress[] = [];
    const before: string[] = [];
    const after: string[] = [];
    await copyGraph({ source, target: new MemoryStore() }, root, {
      onProgress: (event) => events.push(event),
      before: ({ digest }) => void before.push(digest),
      after: ({ digest }) => void after.push(digest),
    });
    const shared = events.filter(({ descriptor }) => descriptor.digest === digestOf('shared'));
    expect(shared.map(({ kind, bytes }) => [kind, bytes])).toEqual([
      ['start', 0],
      ['bytes', 6],
      ['done', 6],
    ]);
    expect(before.toSorted()).toEqual(after.toSorted());
    expect(after.at(-1)).toBe(root.digest);
  });

  it('copies a subject where there is one, and passes over one that is missing', async () => {
    const source = new MemoryStore();
    const subject = await putImage(source, 'amd64', ['a']);
    const referrer = await putImage(source, 'amd64', ['signature'], { subject });
    const target = new Recorder();
    await copyGraph({ source, target }, referrer);
    expect(target.pushed.indexOf(subject.digest)).toBeGreaterThanOrEqual(0);
    expect(target.pushed.at(-1)).toBe(referrer.digest);

    const absent = descriptorOf(Buffer.from('gone'), { mediaType: MEDIA_TYPE.ociManifest });
    const orphan = await putImage(source, 'amd64', ['signature'], { subject: absent });
    await copyGraph({ source, target }, orphan);
    expect(target.pushed.at(-1)).toBe(orphan.digest);
  });

  it('skips foreign layers unless told to take them', async () => {
    const source = new MemoryStore();
    const foreign = {
      ...descriptorOf(Buffer.from('windows'), { mediaType: MEDIA_TYPE.dockerForeignLayerGzip }),
      urls: ['https://x.example'],
    };
    const config = await put(source, MEDIA_TYPE.ociConfig, {});
    const root = await put(source, MEDIA_TYPE.ociManifest, { schemaVersion: 2, config, layers: [foreign] });
    await copyGraph({ source, target: new MemoryStore() }, root);
    await expect(
      copyGraph({ source, target: new MemoryStore() }, root, { foreignLayers: 'include' }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('uses the content that a descriptor carries', async () => {
    const source = new MemoryStore();
    const content = encodeJson({ schemaVersion: 2, manifests: [] });
    const carried = {
      ...descriptorOf(content, { mediaType: MEDIA_TYPE.ociIndex }),
      data: Buffer.from(content).toString('base64'),
    };
    const root = await putIndex(source, [carried]);
    const target = new MemoryStore();
    await copyGraph({ source, target }, root);
    expect(await target.exists(carried)).toBe(true);
  });

  it.each(FAILURES)('fails when $name, without the root in the target', async ({ make, error }) => {
    const target = new Recorder();
    const { root, source, ...options } = await make();
    await expect(copyGraph({ source, target }, root, options)).rejects.toMatchObject(error);
    expect(await target.exists(root)).toBe(false);
    expect(target.inFlight).toBe(0);
  });
});
