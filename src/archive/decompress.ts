import { Readable, pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, createZstdDecompress, gunzip } from 'node:zlib';
import { destroyOnAbort } from '../util/abort.ts';
import { hasCode, messageOf, PolyarchError } from '../util/error.ts';
import { CHUNK } from './chunks.ts';
import { detectCompression, MAGIC_BYTES } from './compression.ts';
import type { CompressionFormat } from './compression.ts';
import { throughProgram } from './program.ts';
import { splitZstdFrames } from './zstd-frames.ts';

/** Blobs up to this many bytes are unpacked by one call. */
const SMALL = 128 * 1024;

export interface DecompressOptions {
  /** Default: told from the first bytes. */
  readonly format?: CompressionFormat;
  /** The blob's or file's name, for messages. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/**
 * The uncompressed bytes of a stream: gzip (several members too) and zstd (several frames too) inside this
 * process, bzip2 and xz by the programs of that name; anything else passes as it is. Fails with
 * ARCHIVE_INVALID or ARCHIVE_TRUNCATED for damaged input and PROGRAM_MISSING without `xz` or `bzip2`.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions = {},
): AsyncGenerator<Buffer> {
  const head = new Head(source);
  const start = await head.atLeast(MAGIC_BYTES);
  const format = options.format ?? detectCompression(start);
  try {
    switch (format) {
      case 'uncompressed':
        return yield* head.all();
      case 'gzip': {
        const small = await head.atLeast(SMALL);
        const whole = small.length < SMALL ? await unpackSmall(small) : undefined;
        if (whole !== undefined) return yield whole;
        return yield* throughTransform(head.all(), createGunzip({ chunkSize: CHUNK }), options.signal);
      }
      case 'zstd':
        return yield* throughTransform(
          splitZstdFrames(head.all()),
          createZstdDecompress({ chunkSize: CHUNK }),
          options.signal,
        );
      case 'bzip2':
      case 'xz':
        return yield* throughProgram(head.all(), [format, '-dc'], options.signal);
    }
  } catch (error) {
    throw explain(error, { format, name: options.name ?? 'the archive' });
  } finally {
    await head.close();
  }
}

/** A stream whose first bytes can be looked at. */
class Head {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #start: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** The first `count` bytes or more, or all there are. */
  async atLeast(count: number): Promise<Buffer> {
    const parts: Uint8Array[] = [this.#start];
    let size = this.#start.length;
    while (size < count && !this.#ended) {
      const next = await this.#iterator.next();
      if (next.done === true) this.#ended = true;
      else size += parts[parts.push(next.value) - 1]?.length ?? 0;
    }
    if (parts.length > 1) this.#start = Buffer.concat(parts);
    return this.#start;
  }

  async *all(): AsyncGenerator<Buffer> {
    if (this.#start.length > 0) yield this.#start;
    while (!this.#ended) {
      const next = await this.#iterator.next();
      if (next.done === true) this.#ended = true;
      else yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
  }

  async close(): Promise<void> {
    if (!this.#ended) await this.#iterator.return?.();
  }
}

const gunzipAll = promisify(gunzip);

/** All of it at once, or undefined when it unpacks to more than 16 MiB. */
async function unpackSmall(bytes: Buffer): Promise<Buffer | undefined> {
  try {
    return await gunzipAll(bytes, { maxOutputLength: 16 * 1024 * 1024 });
  } catch (error) {
    if (hasCode(error, 'ERR_BUFFER_TOO_LARGE')) return undefined;
    throw error;
  }
}

async function* throughTransform(
  source: AsyncIterable<Buffer>,
  transform: Transform,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  pipeline(Readable.from(source, { objectMode: false, highWaterMark: CHUNK }), transform, () => {}); // a failure comes out of the transform
  using _ = destroyOnAbort(transform, signal);
  try {
    yield* transform;
  } finally {
    transform.destroy();
  }
}

function explain(error: unknown, what: { format: CompressionFormat; name: string }): unknown {
  const known = { cause: error };
  if (hasCode(error, 'Z_BUF_ERROR') || /unexpected end of file|Premature close/i.test(messageOf(error))) {
    return new PolyarchError('ARCHIVE_TRUNCATED', `${what.name}: the ${what.format} data stops before its end`, known);
  }
  if (error instanceof Error && 'code' in error && /^(Z_|ZSTD_)/.test(String(error.code))) {
    return new PolyarchError(
      'ARCHIVE_INVALID',
      `${what.name}: the ${what.format} data is damaged (${messageOf(error)})`,
      known,
    );
  }
  return error;
}
