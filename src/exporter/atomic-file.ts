import { createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PolyarchError, hasCode, messageOf } from '../util/error.ts';
import { makeFolder } from '../util/make-folder.ts';
import { systemError } from '../util/system-error.ts';

/**
 * Writes a file that appears, or replaces the old one, only when all of it is there. A pipe or a device
 * (/dev/stdout) is written to as it is.
 */
export async function writeFileAtomically(
  path: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  if (isStream(path)) return pipeline(Readable.from(content, { objectMode: false }), createWriteStream(path), options);
  const made = `${path}.${process.pid}.part`;
  try {
    makeFolder(dirname(path));
    await pipeline(Readable.from(content, { objectMode: false }), createWriteStream(made, { flags: 'wx' }), options);
    renameSync(made, path);
  } catch (error) {
    rmSync(made, { force: true });
    throw outputError(error, path);
  }
}

/** True for what a rename would replace instead of filling it. */
function isStream(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (path.startsWith('/dev/') || !(found.isFile() || found.isDirectory()));
}

/** A place that cannot be written as OUTPUT_UNWRITABLE, a full disk as NO_SPACE. */
export function outputError(error: unknown, path: string): unknown {
  if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'ENOENT', 'EEXIST', 'ENOTEMPTY'))
    return systemError(error, path);
  return new PolyarchError('OUTPUT_UNWRITABLE', `${path} cannot be written: ${messageOf(error)}`, { cause: error });
}

/** Writes to a stream that stays open (stdout). */
export async function writeStream(
  stream: Writable,
  content: AsyncIterable<Uint8Array>,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  await pipeline(Readable.from(content, { objectMode: false }), stream, { ...options, end: false });
}
