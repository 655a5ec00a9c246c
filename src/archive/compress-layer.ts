import { availableParallelism } from 'node:os';
import type { Digest } from '../oci/digest.ts';
import { PolyarchError } from '../util/error.ts';
import type { CompressionOptions } from './compression.ts';
import { DigestCounter } from './digest-counter.ts';
import { gzip } from './gzip.ts';
import { zstd } from './zstd.ts';

/** What an image says of a packed layer. */
export interface LayerDigests {
  /** Of the uncompressed tar. */
  readonly diffId: Digest;
  readonly diffSize: number;
  /** Of the blob. */
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
}

/** A layer's blob as it is made. */
export interface PackedStream {
  /** The blob's bytes; read once. */
  readonly blob: AsyncIterable<Buffer>;
  /** Known when `blob` was read to its end; a plain error before. */
  digests(): LayerDigests;
}

/** OCI image spec, layer.md. */
const MEDIA_TYPES: Readonly<Record<CompressionOptions['type'], string>> = {
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  uncompressed: 'application/vnd.oci.image.layer.v1.tar',
};

const LEVELS = { gzip: { lowest: 0, default: 4, highest: 9 }, zstd: { lowest: 1, default: 3, highest: 22 } } as const;

/**
 * Packs a layer's tar, on several threads and the same bytes every time, and counts both digests on the way.
 * Memory: a few MiB a thread. Fails with COMPRESSION_LEVEL for a level out of range.
 */
export function compressLayer(
  tar: AsyncIterable<Uint8Array>,
  options: CompressionOptions & {
    /** Blocks packed at once. Default: one more than there are processors, at most 8. */
    readonly width?: number;
    readonly signal?: AbortSignal;
  },
): PackedStream {
  const outer = new DigestCounter();
  const inner = new DigestCounter();
  let ended = false;
  const { signal } = options;
  const plain = inner.through(checked(tar, signal));
  const packed = pack(plain, options);
  async function* blob() {
    if (options.type === 'uncompressed') yield* packed;
    else yield* outer.through(packed);
    ended = true;
  }
  return {
    blob: blob(),
    digests() {
      if (!ended) throw new Error('the layer is not packed yet');
      const { digest, size } = options.type === 'uncompressed' ? inner : outer;
      return { diffId: inner.digest, diffSize: inner.size, digest, size, mediaType: MEDIA_TYPES[options.type] };
    },
  };
}

function pack(
  tar: AsyncIterable<Uint8Array>,
  options: CompressionOptions & { readonly width?: number },
): AsyncIterable<Buffer> {
  const width = options.width ?? Math.min(availableParallelism() + 1, 8);
  switch (options.type) {
    case 'gzip':
      return gzip(tar, { level: checkLevel('gzip', options.level), width });
    case 'zstd':
      return zstd(tar, { level: checkLevel('zstd', options.level), width });
    case 'uncompressed':
      return asBuffers(tar);
  }
}

function checkLevel(type: 'gzip' | 'zstd', level: number | undefined): number {
  const range = LEVELS[type];
  const wanted = level ?? range.default;
  if (Number.isInteger(wanted) && wanted >= range.lowest && wanted <= range.highest) return wanted;
  throw new PolyarchError('COMPRESSION_LEVEL', `${type} has no compression level ${wanted}`, {
    hint: `levels are ${range.lowest} to ${range.highest}`,
  });
}

async function* asBuffers(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of source) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

async function* checked<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  for await (const value of source) {
    signal?.throwIfAborted();
    yield value;
  }
}
