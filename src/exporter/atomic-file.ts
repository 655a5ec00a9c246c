import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Writes a file that appears, or replaces the old one, only when all of it is there. */
export async function writeFileAtomically(
  path: string,
  content: AsyncIterable<Uint8Array>,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const made = `${path}.${process.pid}.part`;
  try {
    await pipeline(Readable.from(content, { objectMode: false }), createWriteStream(made, { flags: 'wx' }), options);
    renameSync(made, path);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

/** Writes to a stream that stays open (stdout). */
export async function writeStream(
  stream: Writable,
  content: AsyncIterable<Uint8Array>,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  await pipeline(Readable.from(content, { objectMode: false }), stream, { ...options, end: false });
}
