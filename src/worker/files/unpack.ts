import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { decompress } from '../../archive/decompress.ts';
import { readTar } from '../../archive/reader.ts';
import { fsPath } from '../../archive/text.ts';
import { hasCode } from '../../util/error.ts';
import type { OwnerIds } from './owner.ts';
import type { Pacer } from '../../util/pacer.ts';
import { resolveWithin } from '../../snapshot/rooted-path.ts';
import { makeDirectories, type Target } from './target.ts';
import type { ReadableTree } from './tree.ts';
import { unpackTar } from './unpack-tar.ts';

export interface UnpackRequest {
  readonly source: ReadableTree;
  /** Resolved in the tree. */
  readonly sourceFile: string;
  readonly destPath: string;
  readonly owner?: OwnerIds;
  readonly timestamp?: bigint;
  readonly pacer: Pacer;
}

/**
 * Unpacks a file into a folder of the root, which is made when it is not there, if the file is a tar
 * archive: plain or packed with gzip, bzip2, xz or zstd, told by its content as Docker's ADD does. False
 * when it is none.
 */
export async function tryUnpack(target: Target, request: UnpackRequest): Promise<boolean> {
  const { source, sourceFile, pacer } = request;
  if (source.lstat(sourceFile)?.type !== 'file' || !(await isArchive(source.place(sourceFile)))) return false;
  const folder = resolveWithin(target.root, request.destPath);
  makeDirectories(target, folder, {
    mode: 0o755,
    ...(request.owner === undefined ? {} : { owner: request.owner }),
    ...(request.timestamp === undefined || request.timestamp < 0n ? {} : { timestamp: request.timestamp }),
  });
  const name = JSON.stringify(sourceFile);
  const inside: Target = { root: join(target.root, folder).replace(/\/$/, ''), warn: target.warn };
  await unpackTar(inside, readTar(decompress(createReadStream(fsPath(source.place(sourceFile))), { name })), {
    name,
    owner: request.owner ?? 'archive',
    pacer,
  });
  source.verify?.(sourceFile);
  return true;
}

/** True when the file, unpacked, begins with a tar member. */
async function isArchive(place: string): Promise<boolean> {
  const stream = createReadStream(fsPath(place), { highWaterMark: 64 * 1024 });
  try {
    for await (const _member of readTar(decompress(stream, { name: place }))) return true;
    return false;
  } catch (error) {
    if (hasCode(error, 'ARCHIVE_INVALID', 'ARCHIVE_TRUNCATED', 'ARCHIVE_UNSUPPORTED', 'ARCHIVE_TOO_LARGE'))
      return false;
    throw error;
  } finally {
    stream.destroy();
  }
}
