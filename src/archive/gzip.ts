import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import { rechunk } from './chunks.ts';
import { mapParallel } from './parallel.ts';

const deflate = promisify(deflateRaw);

/** Bytes of earlier data that deflate may refer to (RFC 1951). */
const WINDOW = 32 * 1024;

/** RFC 1952, no name, mtime 0, of unknown origin, so that the same input gives the same bytes anywhere. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/** An empty, final deflate block. */
const FINAL_BLOCK = Buffer.from([3, 0]);

/**
 * Packs to one gzip member on several threads, as pigz does: blocks of 1 MiB are deflated on their own with
 * the end of the block before as dictionary, and joined. The bytes depend on the input and `level` only
 * (for one version of Node's zlib), not on chunking or timing.
 */
export async function* gzip(
  source: AsyncIterable<Uint8Array>,
  options: { level: number; width: number },
): AsyncGenerator<Buffer> {
  yield HEADER;
  let crc = 0;
  let size = 0;
  let before: Buffer | undefined;
  async function* blocks() {
    for await (const block of rechunk(source)) {
      crc = crc32(block, crc);
      size += block.length;
      yield { block, dictionary: before?.subarray(-WINDOW) };
      before = block;
    }
  }
  yield* mapParallel(
    blocks(),
    ({ block, dictionary }) =>
      deflate(block, {
        level: options.level,
        chunkSize: 256 * 1024,
        finishFlush: constants.Z_SYNC_FLUSH,
        ...(dictionary === undefined ? {} : { dictionary }),
      }),
    { width: options.width },
  );
  const end = Buffer.alloc(10);
  FINAL_BLOCK.copy(end);
  end.writeUInt32LE(crc, 2);
  end.writeUInt32LE(size % 2 ** 32, 6);
  yield end;
}
