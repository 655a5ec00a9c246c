import { randomFillSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Entry, sha256 } from '../build/image-reader.ts';
import { packTar } from '../support/pack-tar.ts';
import { REGISTRY_PASSWORD, REGISTRY_USER } from '../support/registry.ts';
import type { TokenServer } from '../support/token-server.ts';

/*
 * Images made and pushed without any of the registry client's code: what is in them is known to the byte, and what is
 * wrong with them is wrong on purpose.
 */

export interface Blob {
  readonly entry: Entry;
  readonly bytes: Buffer;
}

export interface MadeImage {
  /** Children first, the root last. */
  readonly manifests: readonly Blob[];
  /** Configs and layers. */
  readonly blobs: readonly Blob[];
  readonly layers: readonly Blob[];
  readonly root: Blob;
}

export interface ImageInit {
  /** Default `linux/amd64`; several make an index. */
  readonly platforms?: readonly string[];
  /** Default `oci`. */
  readonly family?: 'oci' | 'docker';
  /** The layer's files. Default: one with the platform's name. */
  readonly files?: Readonly<Record<string, string>>;
  /** A layer of one random file of so many bytes, not compressed, instead. */
  readonly size?: number;
  /** What the config says in place of the layers' own diffIDs. */
  readonly diffIds?: readonly string[];
  /** Changes a manifest before it is written. */
  readonly manifest?: (manifest: { config: Entry; layers: Entry[] }) => unknown;
}

const TYPES = {
  oci: {
    index: 'application/vnd.oci.image.index.v1+json',
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar',
    gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  docker: {
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar',
    gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
} as const;

const CREATED = '2024-01-02T03:04:05Z';

export function makeImage(init: ImageInit = {}): MadeImage {
  const types = TYPES[init.family ?? 'oci'];
  const json = (mediaType: string, content: unknown): Blob => blobOf(mediaType, Buffer.from(JSON.stringify(content)));
  const shared = init.size === undefined ? undefined : randomLayer(types.layer, init.size);
  const made = (init.platforms ?? ['linux/amd64']).map((text) => {
    const [os = '', architecture = '', variant] = text.split('/');
    const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    const tar = packTar(
      Object.entries(init.files ?? { platform: `${text}\n` }).map(([path, content]) => ({
        path,
        type: 'file',
        mode: 0o644,
        text: content,
      })),
    );
    const layer = shared ?? { ...blobOf(types.gzip, gzipSync(tar)), diffId: sha256(tar) };
    const config = json(types.config, {
      ...platform,
      created: CREATED,
      config: { Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: init.diffIds ?? [layer.diffId] },
      history: [{ created: CREATED, created_by: 'made for a test' }],
    });
    const content = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: config.entry,
      layers: [layer.entry],
    };
    const manifest = json(types.manifest, init.manifest?.(content) ?? content);
    return { platform, layer, config, manifest };
  });
  const manifests = made.map(({ manifest }) => manifest);
  const [only] = manifests;
  const index = json(types.index, {
    schemaVersion: 2,
    mediaType: types.index,
    manifests: made.map(({ manifest, platform }) => ({ ...manifest.entry, platform })),
  });
  const root = manifests.length === 1 && only !== undefined ? only : index;
  const layers = [...new Map(made.map(({ layer }) => [layer.entry.digest, layer])).values()];
  return {
    root,
    layers,
    manifests: root === index ? [...manifests, index] : manifests,
    blobs: [...layers, ...made.map(({ config }) => config)],
  };
}

function blobOf(mediaType: string, bytes: Buffer): Blob {
  return { entry: { mediaType, digest: sha256(bytes), size: bytes.length }, bytes };
}

function randomLayer(mediaType: string, size: number): Blob & { diffId: string } {
  // Headers of an empty file's tar, with the size written in.
  const tar = packTar([{ path: 'random', type: 'file', mode: 0o644, text: '' }]);
  const header = tar.subarray(0, 512);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  const whole = Buffer.alloc(512 + Math.ceil(size / 512) * 512 + 1024);
  header.copy(whole);
  randomFillSync(whole, 512, size);
  const blob = blobOf(mediaType, whole);
  return { ...blob, diffId: blob.entry.digest };
}

export interface PushOptions {
  /** As the test user. */
  readonly auth?: 'none' | 'basic' | TokenServer;
}

/** Puts an image, whatever is wrong with it, into a registry at `127.0.0.1:PORT`. */
export async function seed(host: string, name: string, image: MadeImage, options: PushOptions = {}): Promise<void> {
  const [repository = '', tag = 'latest'] = name.split(':');
  const headers = await authorization(repository, options.auth ?? 'none');
  const send = async (method: string, url: string, init: { body?: Buffer; type?: string } = {}): Promise<Response> => {
    const response = await fetch(url, {
      method,
      headers: { ...headers, 'content-type': init.type ?? 'application/octet-stream' },
      // A Buffer's memory is its own here.
      ...(init.body === undefined
        ? {}
        : { body: new Uint8Array(init.body.buffer as ArrayBuffer, init.body.byteOffset, init.body.length) }),
    });
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
    return response;
  };
  for (const { bytes, entry } of image.blobs) {
    const opened = await send('POST', `http://${host}/v2/${repository}/blobs/uploads/`);
    const location = new URL(opened.headers.get('location') ?? '', `http://${host}`);
    location.searchParams.set('digest', entry.digest);
    await send('PUT', location.href, { body: bytes });
  }
  for (const { bytes, entry } of image.manifests) {
    const at = `http://${host}/v2/${repository}/manifests`;
    await send('PUT', `${at}/${entry === image.root.entry ? tag : entry.digest}`, {
      body: bytes,
      type: entry.mediaType,
    });
  }
}

/** The Authorization that opens a repository of a test registry. */
export async function authorization(
  repository: string,
  auth: 'none' | 'basic' | TokenServer,
): Promise<Record<string, string>> {
  if (auth === 'none') return {};
  const basic = `Basic ${Buffer.from(`${REGISTRY_USER}:${REGISTRY_PASSWORD}`).toString('base64')}`;
  if (auth === 'basic') return { authorization: basic };
  const url = `${auth.realm}?service=${auth.service}&scope=repository:${repository}:pull,push`;
  const answer = (await (await fetch(url, { headers: { authorization: basic } })).json()) as { token: string };
  auth.requests.length = 0;
  return { authorization: `Bearer ${answer.token}` };
}
