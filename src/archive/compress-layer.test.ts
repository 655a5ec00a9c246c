import { createHash } from 'node:crypto';
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { detectCompression } from './compression.ts';
import type { CompressionOptions } from './compression.ts';
import { compressLayer } from './compress-layer.ts';
import { decompress } from './decompress.ts';

const MIB = 1024 * 1024;

/** Data that packs about as well as programs do, the same every time. */
function sample(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = (state >>> 28) + (i & 0x40);
  }
  return bytes;
}

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function* failing() {
  yield sample(2 * MIB);
  throw new Error('the disk is gone');
}

describe('compressLayer', () => {
  // Ends in every part of a zstd frame.
  const sizes = [0, 1, 100, MIB - 1, MIB, MIB + 1, 3 * MIB - 1, 4 * MIB - 1, 4 * MIB, 5 * MIB + 7, 8 * MIB - 512];
  const types: readonly CompressionOptions['type'][] = ['gzip', 'zstd', 'uncompressed'];
  it.each(types.flatMap((type) => sizes.map((size) => [type, size] as const)))(
    'packs to %s what others read, %i bytes',
    async (type, size) => {
      const bytes = sample(size);
      const packed = compressLayer(chunked(bytes, 65_536), { type });
      const blob = await collect(packed.blob);
      const plain = { gzip: gunzipSync, zstd: zstdDecompressSync, uncompressed: (same: Buffer) => same }[type](blob);
      expect(plain.equals(bytes)).toBe(true);
      expect(packed.digests()).toMatchObject({
        diffId: sha256(bytes),
        diffSize: size,
        digest: sha256(blob),
        size: blob.length,
      });
      expect((await collect(decompress(chunked(blob, 10_000)))).equals(bytes)).toBe(true);
    },
  );

  it.each(['gzip', 'zstd'] as const)('gives the same %s bytes whatever the chunks and threads', async (type) => {
    const bytes = sample(3 * MIB + 5);
    const one = await collect(compressLayer(chunked(bytes, 1000), { type, width: 1 }).blob);
    const two = await collect(compressLayer(chunked(bytes, MIB), { type, width: 4 }).blob);
    expect(one.equals(two)).toBe(true);
  });

  it('packs about as tightly as one thread does', async () => {
    const bytes = sample(4 * MIB);
    const blob = await collect(compressLayer(chunked(bytes, MIB), { type: 'gzip', level: 6 }).blob);
    expect(blob.length).toBeLessThan(gzipSync(bytes, { level: 6 }).length * 1.01);
  });

  it.each([
    ['gzip', 10],
    ['gzip', -1],
    ['zstd', 0],
    ['zstd', 23],
    ['zstd', 1.5],
  ] as const)('refuses %s level %d', (type, level) => {
    expect(() => compressLayer(chunked(Buffer.alloc(0), 1), { type, level })).toThrow(
      expect.objectContaining({ code: 'COMPRESSION_LEVEL' }),
    );
  });

  it('passes the source’s failure on', async () => {
    for (const type of types)
      await expect(collect(compressLayer(failing(), { type }).blob)).rejects.toThrow('the disk is gone');
  });

  it('stops when it is aborted', async () => {
    const abort = new AbortController();
    async function* endless() {
      for (let i = 0; ; i++) {
        if (i === 3) abort.abort(new Error('enough'));
        yield sample(MIB);
      }
    }
    await expect(collect(compressLayer(endless(), { type: 'gzip', signal: abort.signal }).blob)).rejects.toThrow(
      'enough',
    );
  });
});

describe('decompress', () => {
  const small = sample(1000);
  const large = sample(3 * MIB);

  it.each([
    ['small gzip', gzipSync(small), small],
    ['large gzip', gzipSync(large), large],
    [
      'gzip of several members',
      Buffer.concat([gzipSync(large), gzipSync(small), gzipSync(large)]),
      Buffer.concat([large, small, large]),
    ],
    [
      'zstd of several frames',
      Buffer.concat([zstdCompressSync(large), zstdCompressSync(small)]),
      Buffer.concat([large, small]),
    ],
    [
      'zstd after a skippable frame',
      Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]), zstdCompressSync(small)]),
      small,
    ],
    [
      'zstd after a skippable frame, in small pieces',
      Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]), zstdCompressSync(small)]),
      small,
    ],
    ['a small blob that unpacks to much', gzipSync(Buffer.alloc(40 * MIB)), Buffer.alloc(40 * MIB)],
    ['nothing', Buffer.alloc(0), Buffer.alloc(0)],
    ['plain bytes', Buffer.from('hello'), Buffer.from('hello')],
  ])('reads %s', async (_, blob, expected) => {
    expect((await collect(decompress(chunked(blob, 50_000)))).equals(expected)).toBe(true);
  });

  it.each([
    ['cut small gzip', 'ARCHIVE_TRUNCATED', gzipSync(small).subarray(0, -20)],
    ['cut large gzip', 'ARCHIVE_TRUNCATED', gzipSync(large).subarray(0, -20)],
    ['cut small zstd', 'ARCHIVE_TRUNCATED', zstdCompressSync(small).subarray(0, -20)],
    ['cut large zstd', 'ARCHIVE_TRUNCATED', zstdCompressSync(large).subarray(0, -20)],
    [
      'gzip with a wrong checksum',
      'ARCHIVE_INVALID',
      Buffer.concat([gzipSync(large).subarray(0, -8), Buffer.alloc(8)]),
    ],
    ['damaged gzip', 'ARCHIVE_INVALID', Buffer.concat([gzipSync(small).subarray(0, 12), Buffer.alloc(100, 0xff)])],
  ])('refuses %s with %s', async (_, code, blob) => {
    await expect(collect(decompress(chunked(blob, 50_000), { name: 'layer' }))).rejects.toMatchObject({ code });
  });

  it.each([1, 2, 3, 5, 50, 1_000_000])('reads zstd frames of every kind, in chunks of %i bytes', async (size) => {
    const skippable = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 0x28, 0xb5, 0x2f, 0xfd]);
    const frames = [Buffer.alloc(0), Buffer.alloc(300, 'a'), Buffer.alloc(70_000, 'b'), small];
    const packed = frames.flatMap((frame) => [
      skippable,
      zstdCompressSync(frame),
      zstdCompressSync(frame, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
    ]);
    const result = await collect(decompress(chunked(Buffer.concat([...packed, skippable]), size)));
    expect(result.equals(Buffer.concat(frames.flatMap((frame) => [frame, frame])))).toBe(true);
  });

  it('closes its source when the reader leaves', async () => {
    let closed = false;
    async function* source() {
      try {
        yield* chunked(gzipSync(sample(8 * MIB)), 10_000);
      } finally {
        closed = true;
      }
    }
    for await (const _ of decompress(source())) break;
    await expect.poll(() => closed).toBe(true);
  });
});

describe('detectCompression', () => {
  it.each([
    ['gzip', gzipSync('x')],
    ['zstd', zstdCompressSync('x')],
    ['zstd', Buffer.from([0x5a, 0x2a, 0x4d, 0x18])],
    ['bzip2', Buffer.from('BZh91AY')],
    ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00])],
    ['uncompressed', Buffer.from('usr/\0\0\0')],
    ['uncompressed', Buffer.alloc(0)],
  ])('tells %s', (format, head) => {
    expect(detectCompression(head)).toBe(format);
  });
});
