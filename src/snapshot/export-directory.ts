import { chmodSync, lchownSync, lstatSync, renameSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { fsPath } from '../archive/text.ts';
import { hasCode, PolyarchError } from '../util/error.ts';
import { makeFolder } from '../util/make-folder.ts';
import { pacer } from '../util/pacer.ts';
import { NodeCopier } from './copy-node.ts';
import { type ElfFile, elfFileOf } from './elf-files.ts';
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
  /** Take the tree's files away instead of copying them, as far as the destination is on their file system. */
  readonly move?: boolean;
  /** Told of programs and shared libraries, as elfFileOf finds them. */
  readonly onElf?: (file: ElfFile) => void;
  /** What errors call the destination. Default: its path. */
  readonly name?: string;
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
  const folders: Kept[] = [];
  const pace = pacer(options.signal);
  let moved = false;
  try {
    makeFolder(destination);
    for (const item of walkTree(root, { enter: () => !moved })) {
      moved = false;
      options.signal?.throwIfAborted();
      if (pace.due) await pace.rest();
      const to = `${destination}/${item.path}`;
      const there = lstatSync(fsPath(to), { throwIfNoEntry: false });
      const folder = item.stat.isDirectory();
      // Now: what is moved out of a folder changes its time.
      const kept = { full: item.full, to, stat: lstatSync(fsPath(item.full), { bigint: true }) };
      if (folder && there?.isDirectory() === true) {
        chmodSync(fsPath(to), there.mode | 0o700);
        folders.push(kept);
        continue;
      }
      if (there !== undefined) removeTree(to, () => {});
      moved = options.move === true && rename(item.full, to);
      if (moved) continue;
      if (folder) folders.push(kept);
      const elf = options.onElf === undefined ? undefined : elfFileOf(item);
      if (elf !== undefined) options.onElf?.(elf);
      try {
        if ((await copier.copy(item, to)) && !folder) keep(kept, options);
      } catch (error) {
        if (!hasCode(error, 'EPERM') || item.stat.isFile()) throw error;
        options.onSkipped?.(item.path);
      }
    }
    for (const folder of folders.toReversed()) keep(folder, options);
  } catch (error) {
    const { name = destination } = options;
    if (hasCode(error, 'EACCES', 'EROFS')) {
      throw new PolyarchError(
        'OUTPUT_UNWRITABLE',
        `cannot write the output to ${name}: ${error instanceof Error ? error.message : ''}`,
        { cause: error },
      );
    }
    throw diskFull(error, `while writing the output to ${name}`) ?? error;
  }
}

/** False where the two places are not on one file system. */
function rename(from: string, to: string): boolean {
  try {
    renameSync(fsPath(from), fsPath(to));
    return true;
  } catch (error) {
    if (hasCode(error, 'EXDEV')) return false;
    throw error;
  }
}

/** Whose attributes `to` is to have. */
interface Kept {
  readonly full: string;
  readonly to: string;
  readonly stat: BigIntStats;
}

function keep({ full, to, stat }: Kept, options: ExportDirectoryOptions): void {
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
