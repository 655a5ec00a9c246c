import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createHash, randomUUID } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { dirname, join } from 'node:path';
import { digestOf, type Digest } from '../../src/oci/digest.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import type { Platform } from '../../src/oci/platform.ts';
import { run } from '../process.ts';

const mediaTypes = {
  oci: {
    index: 'application/vnd.oci.image.index.v1+json',
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  docker: {
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
} as const;

export type MediaFamily = keyof typeof mediaTypes;

/** One platform's image of a stand-in: a root filesystem made into one layer. */
export interface BaseImage {
  readonly platform: string;
  /** The folder whose content becomes the layer, all of it owned by root. */
  readonly rootfs: string;
  /** The image config's `config` object: Env, Cmd, WorkingDir … */
  readonly config: Readonly<Record<string, unknown>>;
}

const clock = '2024-01-01T00:00:00Z';

/** `linux/arm/v7` as an OCI platform object. */
export function platformObject(platform: string): Platform {
  const [os = '', architecture = '', variant] = platform.split('/');
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

/** Writes a multi-platform image as an OCI layout whose index.json points at one image. */
export async function writeImageLayout(
  folder: string,
  options: { images: readonly BaseImage[]; family: MediaFamily },
): Promise<void> {
  const types = mediaTypes[options.family];
  const work = `${folder}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'blobs/sha256'), { recursive: true });
  const manifests: Descriptor[] = [];
  for (const image of options.images) {
    const layer = await writeLayer(work, image.rootfs);
    const platform = platformObject(image.platform);
    const config = writeJson(work, types.config, {
      created: clock,
      ...platform,
      config: image.config,
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
      history: [{ created: clock, created_by: `polyarch stand-in base for ${image.platform}` }],
    });
    const manifest = writeJson(work, types.manifest, {
      schemaVersion: 2,
      mediaType: types.manifest,
      config,
      layers: [{ mediaType: types.layer, digest: layer.digest, size: layer.size }],
    });
    manifests.push({ ...manifest, platform });
  }
  const index = writeJson(work, types.index, { schemaVersion: 2, mediaType: types.index, manifests });
  writeFileSync(join(work, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(work, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.oci.index, manifests: [index] }),
  );
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  renameSync(work, folder);
}

function blobFile(layout: string, digest: Digest): string {
  return join(layout, 'blobs', digest.replace(':', '/'));
}

function writeJson(layout: string, mediaType: string, value: unknown): Descriptor {
  const text = JSON.stringify(value);
  const digest = digestOf(text);
  writeFileSync(blobFile(layout, digest), text);
  return { mediaType, digest, size: Buffer.byteLength(text) };
}

async function writeLayer(layout: string, rootfs: string): Promise<{ digest: Digest; diffId: Digest; size: number }> {
  const tar = join(layout, `${randomUUID()}.tar`);
  await packTar(rootfs, tar);
  const diffId = await fileDigest(tar);
  await run(['gzip', '-n', '-6', tar]);
  const digest = await fileDigest(`${tar}.gz`);
  const size = statSync(`${tar}.gz`).size;
  renameSync(`${tar}.gz`, blobFile(layout, digest));
  return { digest, diffId, size };
}

/** Packs a folder, the same bytes for the same content; as an ordinary user everything becomes root's. */
export async function packTar(folder: string, file: string): Promise<void> {
  const owner = process.getuid?.() === 0 ? [] : ['--owner=0', '--group=0'];
  const order = ['--sort=name', '--mtime=2024-01-01', '--clamp-mtime', '--numeric-owner', '--xattrs', '--format=posix'];
  const plain = ['--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime'];
  await run(['tar', '-C', folder, ...order, ...owner, ...plain, '-cf', file, '.']);
}

async function fileDigest(file: string): Promise<Digest> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest('hex')}`;
}

/** The one image that a layout holds, under however many names; nothing when there is no such layout. */
export function layoutRoot(folder: string): Descriptor | undefined {
  const file = join(folder, 'index.json');
  if (!existsSync(file)) return undefined;
  // Written by writeImageLayout above or by polyarch's oci exporter.
  const index = JSON.parse(readFileSync(file, 'utf8')) as { manifests: Descriptor[] };
  return index.manifests[0];
}

/** A blob of a layout. */
export function readLayoutBlob(folder: string, digest: Digest): Buffer {
  return readFileSync(blobFile(folder, digest));
}
