import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createReadStream } from 'node:fs';
import { decompress } from '../archive/decompress.ts';
import { type TarMember, readTar } from '../archive/reader.ts';
import { PolyarchError } from '../util/error.ts';

const AR_MAGIC = '!<arch>\n';
const HEADER = 60;

/**
 * The members of the data archive of a .deb (deb(5), format 2.0). Paths begin with `./`.
 *
 * @throws PolyarchError ARCHIVE_INVALID, and what reading tar and its compression throw
 */
export async function* readDebData(file: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<TarMember> {
  const { offset, size } = findData(file);
  const packed = createReadStream(file, { start: offset, end: offset + size - 1, highWaterMark: 1024 * 1024 });
  yield* readTar(decompress(packed, { name: file, ...options }), options);
}

/** Where the member data.tar* is. */
function findData(file: string): { readonly offset: number; readonly size: number } {
  const fd = openSync(file, 'r');
  try {
    const header = Buffer.alloc(HEADER);
    const total = fstatSync(fd).size;
    readSync(fd, header, 0, AR_MAGIC.length, 0);
    if (header.toString('latin1', 0, AR_MAGIC.length) !== AR_MAGIC) throw invalid(file);
    for (let at = AR_MAGIC.length; readSync(fd, header, 0, HEADER, at) === HEADER;) {
      const name = header.toString('latin1', 0, 16).trim();
      const size = Number(header.toString('latin1', 48, 58));
      if (!Number.isSafeInteger(size) || size < 0 || at + HEADER + size > total) break;
      if (name.startsWith('data.tar')) return { offset: at + HEADER, size };
      at += HEADER + size + (size % 2);
    }
    throw invalid(file);
  } finally {
    closeSync(fd);
  }
}

function invalid(file: string): PolyarchError {
  return new PolyarchError('ARCHIVE_INVALID', `${file} is no Debian package`);
}
