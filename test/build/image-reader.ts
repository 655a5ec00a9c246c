import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect } from 'vitest';

/*
 * An image read without any of the project's own code, and held against what the OCI image spec and Docker's
 * image manifest v2 schema 2 ask of it.
 */

export interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: {
    readonly os: string;
    readonly architecture: string;
    readonly variant?: string;
  };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly config: Entry;
  readonly layers: readonly Entry[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Index {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly manifests: readonly Entry[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Config {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly created: string;
  readonly config: {
    readonly Env?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Labels?: Readonly<Record<string, string>>;
    readonly [key: string]: unknown;
  };
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
  readonly history: readonly {
    readonly created: string;
    readonly created_by?: string;
    readonly empty_layer?: boolean;
    readonly comment?: string;
  }[];
}

/** One platform's image. */
export interface OneImage {
  /** `linux/arm64/v8` as the config says it. */
  readonly platform: string;
  readonly entry: Entry;
  readonly manifest: Manifest;
  readonly config: Config;
  /** Uncompressed, in order. */
  readonly layers: readonly Buffer[];
}

export interface WholeImage {
  readonly digest: string;
  readonly mediaType: string;
  readonly index?: Index;
  readonly images: readonly OneImage[];
}

export type Blobs = (digest: string, kind: 'manifest' | 'blob') => Promise<Buffer> | Buffer;

const OCI = 'application/vnd.oci.image';
const DOCKER = 'application/vnd.docker';
const INDEX = [`${OCI}.index.v1+json`, `${DOCKER}.distribution.manifest.list.v2+json`];
const LAYERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  [`${OCI}.layer.v1.tar`]: (bytes) => bytes,
  [`${OCI}.layer.v1.tar+gzip`]: (bytes) => gunzipSync(bytes),
  [`${OCI}.layer.v1.tar+zstd`]: (bytes) => zstdDecompressSync(bytes),
  [`${DOCKER}.image.rootfs.diff.tar`]: (bytes) => bytes,
  [`${DOCKER}.image.rootfs.diff.tar.gzip`]: (bytes) => gunzipSync(bytes),
};

export const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Reads all of an image and checks every rule on the way. */
export async function readImage(blobs: Blobs, root: Pick<Entry, 'digest'>): Promise<WholeImage> {
  const bytes = await blobs(root.digest, 'manifest');
  expect(sha256(bytes), 'digest of the root').toBe(root.digest);
  const top = JSON.parse(bytes.toString()) as Index | Manifest;
  expect(top.schemaVersion).toBe(2);
  const { digest } = root;
  if (!('manifests' in top)) {
    const entry = { mediaType: top.mediaType, digest, size: bytes.length };
    return { digest, mediaType: top.mediaType, images: [await readOne(blobs, entry)] };
  }
  expect(INDEX).toContain(top.mediaType);
  const images: OneImage[] = [];
  for (const entry of top.manifests) {
    const one = await readOne(blobs, entry);
    expect(entry.platform, 'an entry of an index has its platform').toBeDefined();
    expect(shown(entry.platform ?? { os: '', architecture: '' }), 'platform of entry and config').toBe(one.platform);
    expect(family(entry.mediaType), 'media types are of one family').toBe(family(top.mediaType));
    images.push(one);
  }
  expect(new Set(images.map((image) => image.platform)).size, 'platforms are distinct').toBe(images.length);
  return { digest, mediaType: top.mediaType, index: top, images };
}

async function readOne(blobs: Blobs, entry: Entry): Promise<OneImage> {
  const bytes = await blobs(entry.digest, 'manifest');
  expect([sha256(bytes), bytes.length]).toEqual([entry.digest, entry.size]);
  const manifest = JSON.parse(bytes.toString()) as Manifest;
  expect(manifest.mediaType).toBe(entry.mediaType);
  expect(manifest.schemaVersion).toBe(2);
  const configBytes = await blobs(manifest.config.digest, 'blob');
  expect([sha256(configBytes), configBytes.length]).toEqual([manifest.config.digest, manifest.config.size]);
  const config = JSON.parse(configBytes.toString()) as Config;
  expect(manifest.config.mediaType).toBe(
    family(manifest.mediaType) === OCI ? `${OCI}.config.v1+json` : `${DOCKER}.container.image.v1+json`,
  );
  const layers: Buffer[] = [];
  for (const layer of manifest.layers) {
    const blob = await blobs(layer.digest, 'blob');
    expect([sha256(blob), blob.length]).toEqual([layer.digest, layer.size]);
    expect(family(layer.mediaType)).toBe(family(manifest.mediaType));
    const unpack = LAYERS[layer.mediaType];
    if (unpack === undefined) throw new Error(`unknown media type ${layer.mediaType}`);
    layers.push(unpack(blob));
  }
  expect(config.rootfs.type).toBe('layers');
  expect(
    layers.map((tar) => sha256(tar)),
    'diff_ids',
  ).toEqual(config.rootfs.diff_ids);
  const inHistory = config.history.filter((item) => item.empty_layer !== true);
  expect(inHistory.length, 'entries of the history with a layer').toBe(layers.length);
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
  for (const item of config.history) expect(item.created).toMatch(time);
  expect(config.created).toMatch(time);
  return { platform: shown(config), entry, manifest, config, layers };
}

function family(mediaType: string): string {
  return mediaType.startsWith(OCI) ? OCI : DOCKER;
}

function shown({ os, architecture, variant }: { os: string; architecture: string; variant?: string }): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** The blobs of an OCI layout folder. */
export function layoutBlobs(folder: string): Blobs {
  return (digest) => readFileSync(join(folder, 'blobs', digest.replace(':', '/')));
}

/** index.json of an OCI layout folder. */
export function layoutIndex(folder: string): Index {
  expect(JSON.parse(readFileSync(join(folder, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' });
  return JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Index;
}

/** The image in an OCI layout folder that holds one. */
export function readLayout(folder: string): Promise<WholeImage> {
  const [entry] = layoutIndex(folder).manifests;
  if (entry === undefined) throw new Error(`${folder} has no image`);
  return readImage(layoutBlobs(folder), entry);
}

const ACCEPT = [...INDEX, `${OCI}.manifest.v1+json`, `${DOCKER}.distribution.manifest.v2+json`].join(', ');

/** An image in a registry; `reference` is a tag or a digest. */
export async function readRemote(host: string, repository: string, reference: string): Promise<WholeImage> {
  const get = async (kind: string, name: string): Promise<Buffer> => {
    const response = await fetch(`http://${host}/v2/${repository}/${kind}/${name}`, { headers: { accept: ACCEPT } });
    if (!response.ok) throw new Error(`${kind} ${repository} ${name}: ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  };
  const root = await get('manifests', reference);
  return readImage((digest, kind) => get(kind === 'manifest' ? 'manifests' : 'blobs', digest), {
    digest: sha256(root),
  });
}

/** Tags of a repository; none when it is not there. */
export async function remoteTags(host: string, repository: string): Promise<string[]> {
  const response = await fetch(`http://${host}/v2/${repository}/tags/list`);
  if (response.status === 404) return [];
  return ((await response.json()) as { tags: string[] | null }).tags?.toSorted() ?? [];
}

/** The one image of a platform. */
export function ofPlatform(image: WholeImage, platform: string): OneImage {
  const found = image.images.find((one) => one.platform === platform);
  if (found === undefined)
    throw new Error(`no ${platform} among ${image.images.map((one) => one.platform).join(', ')}`);
  return found;
}
