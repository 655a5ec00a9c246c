import { randomBytes } from 'node:crypto';
import { accessSync, closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, verifier } from '../oci/digest.ts';
import { diskFull } from '../util/disk-full.ts';
import { hasCode, messageOf, PolyarchError } from '../util/error.ts';
import { destroyOnAbort } from '../util/abort.ts';

/**
 * A blob that is being written, by this process or by another one to which the path was given. It becomes a blob
 * only by `commit`; disposing of it before that removes it.
 */
export interface Ingest extends Disposable {
  /** A file in the store's file system that is not there yet; its folder is. */
  readonly path: string;
  /**
   * Makes the file the blob of this digest, in one rename. Whoever wrote the file has hashed it on the way;
   * here only the size is checked again: SIZE_MISMATCH.
   */
  commit(digest: Digest, size: number): void;
}

const BATCH = 1024 * 1024;

export function createIngest(folder: string, blobPath: (digest: Digest) => string): Ingest {
  const path = join(folder, randomBytes(12).toString('hex'));
  inFolder(path, () => accessSync(folder));
  return {
    path,
    commit(digest, size) {
      const found = statSync(path).size;
      if (found !== size) {
        throw new PolyarchError('SIZE_MISMATCH', `${digest} was written with ${found} bytes, not ${size}`);
      }
      moveInto(path, blobPath(digest));
    },
    [Symbol.dispose]: () => rmSync(path, { force: true }),
  };
}

/** Runs `write`, which makes a file, again after making its folder: someone may remove an empty one at any time. */
export function inFolder<T>(path: string, write: () => T): T {
  for (let attempt = 0; ; attempt += 1) {
    try {
      if (attempt > 0) mkdirSync(dirname(path), { recursive: true });
      return write();
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || attempt === 10) throw error;
    }
  }
}

/** Renames, making the folder when it is not there. */
export function moveInto(from: string, to: string): void {
  inFolder(to, () => renameSync(from, to));
}

/**
 * Writes the stream to a new file, checking it against the descriptor on the way: while one batch of about 1 MiB is
 * being written the next is read and hashed. Fails with DIGEST_MISMATCH, SIZE_MISMATCH, NO_SPACE, STORE_UNUSABLE, or the stream's own error.
 */
export async function writeVerified(
  path: string,
  content: Readable,
  options: { descriptor: Descriptor; signal?: AbortSignal },
): Promise<void> {
  const { descriptor, signal } = options;
  const check = verifier(descriptor);
  const blob = { digest: descriptor.digest, path };
  using _ = destroyOnAbort(content, signal);
  let file: FileHandle | undefined;
  try {
    signal?.throwIfAborted();
    onDisk(blob, () => closeSync(inFolder(path, () => openSync(path, 'wx', 0o644))));
    file = await open(path, 'r+');
    await writeBatches({ file, blob }, content, check.update);
    signal?.throwIfAborted();
    check.finish();
  } catch (error) {
    content.destroy();
    throw error;
  } finally {
    await file?.close();
  }
}

async function writeBatches(
  to: { readonly file: FileHandle; readonly blob: BlobFile },
  content: Readable,
  update: (chunk: Uint8Array) => void,
): Promise<void> {
  let batch: Uint8Array[] = [];
  let size = 0;
  let writing: Promise<void> = Promise.resolve();
  // A write that fails while the next chunk is awaited is not unhandled: it is awaited below.
  const flush = async (): Promise<void> => {
    const full = batch;
    batch = [];
    size = 0;
    await writing;
    writing = writeFully(to.file, full).catch((error: unknown) => {
      throw diskError(error, to.blob);
    });
    writing.catch(() => {});
  };
  try {
    for await (const chunk of content) {
      const bytes: Uint8Array = chunk;
      update(bytes);
      batch.push(bytes);
      size += bytes.length;
      if (size >= BATCH) await flush();
    }
    await flush();
  } finally {
    await writing;
  }
}

async function writeFully(file: FileHandle, batch: readonly Uint8Array[]): Promise<void> {
  const bytes = batch.length === 1 && batch[0] !== undefined ? batch[0] : Buffer.concat(batch);
  for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done)).bytesWritten;
}

/** A blob, and the file that it is written to. */
interface BlobFile {
  readonly digest: Descriptor['digest'];
  readonly path: string;
}

/** Runs the body; its failures become coded ones as by `diskError`. */
export function onDisk<T>(blob: BlobFile, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw diskError(error, blob);
  }
}

/** A full disk or a store that may not be written, as a coded error that names the blob. */
function diskError(error: unknown, { digest, path }: BlobFile): unknown {
  const full = diskFull(error, `while writing ${digest} to ${path}`);
  if (full !== undefined) return full;
  if (hasCode(error, 'EACCES', 'EROFS', 'EPERM', 'ENOTDIR', 'EIO')) {
    return new PolyarchError('STORE_UNUSABLE', `the store cannot be written: ${messageOf(error)}`, {
      cause: error,
      hint: 'use a store of your own (POLYARCH_HOME), or mend the permissions',
    });
  }
  return error;
}
