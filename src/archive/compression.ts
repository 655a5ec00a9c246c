/** How a layer blob is packed. Levels: gzip 0 to 9 (default 4), zstd 1 to 22 (default 3). */
export interface CompressionOptions {
  readonly type: 'gzip' | 'zstd' | 'uncompressed';
  readonly level?: number;
}

/** What `decompress` can read. */
export type CompressionFormat = 'gzip' | 'zstd' | 'bzip2' | 'xz' | 'uncompressed';

const MAGIC: readonly (readonly [CompressionFormat, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** Bytes that `detectCompression` wants to see. */
export const MAGIC_BYTES = 6;

/** Tells the format from a stream's first bytes. */
export function detectCompression(head: Uint8Array): CompressionFormat {
  // A zstd stream may begin with a skippable frame (RFC 8878, 3.1.2).
  if (head.length >= 4 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18 && ((head[0] ?? 0) & 0xf0) === 0x50)
    return 'zstd';
  return MAGIC.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0] ?? 'uncompressed';
}
