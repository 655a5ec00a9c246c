import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes an OCI layout of one index: for each architecture an image of layers that gzip cannot shrink. */
export async function writeLayout(
  folder: string,
  { architectures, layers, bytes }: { architectures: readonly string[]; layers: number; bytes: number },
): Promise<void> {
  const blobs = join(folder, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const document = (kind: string, content: object): Entry => {
    const text = JSON.stringify(content);
    const hex = createHash('sha256').update(text).digest('hex');
    writeFileSync(join(blobs, hex), text);
    return { mediaType: `application/vnd.oci.image.${kind}.v1+json`, digest: `sha256:${hex}`, size: text.length };
  };
  const manifests = [];
  for (const architecture of architectures) {
    const entries: Entry[] = [];
    for (let index = 0; index < layers; index++) entries.push(await writeLayer(blobs, bytes));
    const rootfs = { type: 'layers', diff_ids: entries.map(({ digest }) => digest) };
    const config = document('config', { architecture, os: 'linux', rootfs });
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = document('manifest', { schemaVersion: 2, mediaType, config, layers: entries });
    manifests.push({ ...manifest, platform: { os: 'linux', architecture } });
  }
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const index = document('index', { schemaVersion: 2, mediaType, manifests });
  const named = { ...index, annotations: { 'org.opencontainers.image.ref.name': '1' } };
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

/** Gzip it must be: skopeo would compress what is none. */
async function writeLayer(blobs: string, bytes: number): Promise<Entry> {
  const part = randomBytes(Math.min(bytes, 1024 * 1024));
  function* parts(): Generator<Buffer> {
    for (let left = bytes; left > 0; left -= part.length) {
      part.writeUInt32LE(left >>> 0);
      yield Buffer.from(part.subarray(0, left));
    }
  }
  const sum = createHash('sha256');
  let size = 0;
  const file = join(blobs, 'layer');
  const counted = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      sum.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  };
  await pipeline(Readable.from(parts()), createGzip({ level: 0 }), counted, createWriteStream(file));
  const hex = sum.digest('hex');
  renameSync(file, join(blobs, hex));
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${hex}`, size };
}
