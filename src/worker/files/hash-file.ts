import { createHash, hash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { fsPath } from '../../archive/text.ts';
import type { Pacer } from '../../util/pacer.ts';

const buffer = Buffer.allocUnsafe(1024 * 1024);

/** sha256 of a file's bytes, in hex: at once for a small file, else a promise of it. Follows no link. */
export function hashFile(place: string, pacer: Pacer): string | Promise<string> {
  const file = openSync(fsPath(place), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  let large = false;
  try {
    const first = readSync(file, buffer, 0, buffer.length, 0);
    if (first === 0 || (first < buffer.length && readSync(file, buffer, first, buffer.length - first, first) === 0)) {
      return hash('sha256', buffer.subarray(0, first), 'hex');
    }
    large = true;
    return hashLarge(file, pacer);
  } finally {
    if (!large) closeSync(file);
  }
}

async function hashLarge(file: number, pacer: Pacer): Promise<string> {
  try {
    const content = createHash('sha256');
    for (let position = 0; ;) {
      const read = readSync(file, buffer, 0, buffer.length, position);
      if (read === 0) return content.digest('hex');
      content.update(buffer.subarray(0, read));
      position += read;
      if (pacer.due) await pacer.rest();
    }
  } finally {
    closeSync(file);
  }
}
