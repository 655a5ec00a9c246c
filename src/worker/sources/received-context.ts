import { decompress } from '../../archive/decompress.ts';
import { detectCompression } from '../../archive/compression.ts';
import { BLOCK, parseHeader } from '../../archive/header.ts';
import { readTar } from '../../archive/reader.ts';
import { PolyarchError, hasCode } from '../../util/error.ts';
import { LIMITS } from '../../util/limits.ts';
import { pacer } from '../../util/pacer.ts';
import { unpackTar } from '../files/unpack-tar.ts';

export interface ReceiveOptions {
  /** For messages, e.g. `the context on stdin`. */
  readonly name: string;
  readonly signal?: AbortSignal;
}

/** A context that came as a stream: unpacked, or the text of a Dockerfile. */
export type ReceivedContext = { readonly kind: 'archive' } | { readonly kind: 'text'; readonly content: Uint8Array };

/**
 * Takes a build context from stdin or a URL: a tar archive (plain, gzip, bzip2, xz, zstd) is unpacked into
 * the folder, which must be there; anything else is given back as the text of a Dockerfile. Owners are not
 * kept, and no member reaches outside the folder.
 *
 * @throws PolyarchError ARCHIVE_UNSAFE, ARCHIVE_INVALID, ARCHIVE_TRUNCATED, DOCKERFILE_TOO_LARGE, NO_SPACE
 */
export async function receiveContext(
  source: AsyncIterable<Uint8Array>,
  folder: string,
  options: ReceiveOptions,
): Promise<ReceivedContext> {
  const { name, signal } = options;
  const iterator = source[Symbol.asyncIterator]();
  const start: Uint8Array[] = [];
  for (let size = 0; size < BLOCK;) {
    const next = await iterator.next();
    if (next.done === true) break;
    size += start[start.push(next.value) - 1]?.length ?? 0;
  }
  const head = Buffer.concat(start);
  const whole = rest(head, iterator);
  if (!isArchive(head)) return { kind: 'text', content: await readText(whole, name) };
  const given = { signal };
  const members = readTar(decompress(whole, { name, ...given }), given);
  await unpackTar({ root: folder, warn: () => {} }, members, {
    name,
    owner: 'none',
    pacer: pacer(signal),
  });
  return { kind: 'archive' };
}

/** Told by the first bytes: a compression's magic, or a tar header with a right checksum. */
function isArchive(head: Buffer): boolean {
  if (detectCompression(head) !== 'uncompressed') return true;
  if (head.length < BLOCK) return false;
  try {
    parseHeader(head, 0, 0);
    return true;
  } catch (error) {
    if (hasCode(error, 'ARCHIVE_INVALID', 'ARCHIVE_UNSUPPORTED')) return false;
    throw error;
  }
}

async function* rest(head: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

async function readText(source: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of source) {
    size += part.length;
    if (size > LIMITS.dockerfileBytes) {
      throw new PolyarchError(
        'DOCKERFILE_TOO_LARGE',
        `${name} is no tar archive, and as a Dockerfile it is longer than ${LIMITS.dockerfileBytes} bytes`,
      );
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
