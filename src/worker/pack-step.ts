import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { compressLayer } from '../archive/compress-layer.ts';
import type { DiskStore } from '../content/blob-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ElfFile } from '../snapshot/elf-files.ts';
import type { Snapshotter } from '../snapshot/layer.ts';
import { systemError } from '../util/system-error.ts';
import type { PackStep } from './protocol.ts';

/** Packs a layer's folder into a blob of the content store, and tells the programs and shared libraries in it. */
export async function packStep(
  { layer, compression, clampMtime }: PackStep,
  { snapshots, content }: { snapshots: Snapshotter; content: DiskStore },
  signal: AbortSignal,
): Promise<{ descriptor: Descriptor; diffId: Digest; elfs: readonly ElfFile[] }> {
  const elfs: ElfFile[] = [];
  const tar = snapshots.diff(layer, {
    ...(clampMtime === undefined ? {} : { clampMtime }),
    onElf: (file) => void elfs.push(file),
    signal,
  });
  const packed = compressLayer(tar, { ...compression, signal });
  using ingest = content.createIngest();
  try {
    const file = createWriteStream(ingest.path, { flags: 'wx' });
    await pipeline(Readable.from(packed.blob, { objectMode: false }), file, { signal });
  } catch (error) {
    throw systemError(error, ingest.path);
  }
  const { digest, size, diffId, mediaType } = packed.digests();
  ingest.commit(digest, size);
  return { descriptor: { mediaType, digest, size }, diffId, elfs };
}
