import { chmodSync, lchownSync, lstatSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { fsPath } from '../archive/text.ts';
import { hasCode, PolyarchError } from '../util/error.ts';
import { makeFolder } from '../util/make-folder.ts';
import { pacer } from '../util/pacer.ts';
import { NodeCopier } from './copy-node.ts';
import { diskFull } from '../util/disk-full.ts';
import { readXattrs } from './image-xattrs.ts';
import { removeTree } from './remove-tree.ts';
import { lsetxattr, setTimes, setTimesNs } from './syscalls.ts';
import { walkTree } from './walk.ts';

export interface ExportDirectoryOptions {
  /** Seconds since the epoch: later mtimes are set to it. */
  readonly clampMtime?: number;
  /** A device that the kernel refuses to make is left out. */
  readonly onSkipped?: (path: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Copies a tree into a folder of the machine, made when missing (`type=local`). The files belong to whoever
 * runs this; modes, times, hardlinks and the xattrs that may be set are kept. What is there already and has
 * another name stays; a file or symlink of the same name is replaced, never written through.
 * Fails with NO_SPACE or OUTPUT_UNWRITABLE.
 */
export async function exportDirectory(
  root: string,
  destination: string,
  options: ExportDirectoryOptions = {},
): Promise<void> {
  const copier = new NodeCopier();
  const folders: { readonly full: string; readonly to: string }[] = [];
  const pace = pacer(options.signal);
  try {
    makeFolder(destination);
    for (const item of walkTree(root)) {
      options.signal?.throwIfAborted();
      if (pace.due) await pace.rest();
      const to = `${destination}/${item.path}`;
      const there = lstatSync(fsPath(to), { throwIfNoEntry: false });
      const folder = item.stat.isDirectory();
      if (folder) folders.push({ full: item.full, to });
      if (folder && there?.isDirectory() === true) {
        chmodSync(fsPath(to), there.mode | 0o700);
        continue;
      }
      if (there !== undefined) removeTree(to, () => {});
      try {
        if ((await copier.copy(item, to)) && !folder) keep(item.full, to, options);
      } catch (error) {
        if (!hasCode(error, 'EPERM') || item.stat.isFile()) throw error;
        options.onSkipped?.(item.path);
      }
    }
    for (const { full, to } of folders.toReversed()) keep(full, to, options);
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EROFS')) {
      throw new PolyarchError(
        'OUTPUT_UNWRITABLE',
        `cannot write the output to ${destination}: ${error instanceof Error ? error.message : ''}`,
        { cause: error },
      );
    }
    throw diskFull(error, `while writing the output to ${destination}`) ?? error;
  }
}

function keep(full: string, to: string, options: ExportDirectoryOptions): void {
  const stat: BigIntStats = lstatSync(fsPath(full), { bigint: true });
  // copyfile may give a file its source's owner.
  if (stat.isFile()) lchownSync(fsPath(to), process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
  if (!stat.isSymbolicLink()) chmodSync(fsPath(to), Number(stat.mode & 0o7777n));
  for (const [name, value] of readXattrs(full)) {
    try {
      lsetxattr(to, name, { value });
    } catch {
      // An attribute that this filesystem or user cannot have is not part of what an output promises.
    }
  }
  if (options.clampMtime !== undefined && stat.mtimeNs > BigInt(options.clampMtime) * 1_000_000_000n)
    setTimes(to, options.clampMtime, 0);
  else setTimesNs(to, stat.mtimeNs);
}
