import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { rechunk } from './chunks.ts';
import { mapParallel } from './parallel.ts';

const compress = promisify(zstdCompress);

/** Chunks in one frame: larger packs tighter, smaller spreads better. */
const FRAME_CHUNKS = 4;

/**
 * Packs to zstd frames of 4 MiB, one after the other (RFC 8878, 3: a reader joins them), on several threads.
 * The bytes depend on the input and `level` only.
 */
export async function* zstd(
  source: AsyncIterable<Uint8Array>,
  options: { level: number; width: number },
): AsyncGenerator<Buffer> {
  async function* frames() {
    let parts: Buffer[] = [];
    let any = false;
    for await (const chunk of rechunk(source)) {
      any = true;
      if (parts.push(chunk) < FRAME_CHUNKS) continue;
      yield Buffer.concat(parts);
      parts = [];
    }
    if (parts.length > 0 || !any) yield Buffer.concat(parts);
  }
  const params = { [constants.ZSTD_c_compressionLevel]: options.level, [constants.ZSTD_c_checksumFlag]: 1 };
  yield* mapParallel(frames(), (frame) => compress(frame, { params, pledgedSrcSize: frame.length }), {
    width: options.width,
  });
}
