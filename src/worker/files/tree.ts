import type { BigIntStats } from 'node:fs';
import type { Attributes } from './attributes.ts';
import { lstatPlace } from '../../snapshot/disk.ts';
import { resolvePath, type ResolveOptions } from '../../snapshot/rooted-path.ts';

export type EntryType = 'file' | 'directory' | 'symlink' | 'fifo' | 'character' | 'block' | 'socket';

export interface TreeEntry {
  readonly type: EntryType;
  /** The twelve permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  /** Set when the file has other names too: equal for all of them. */
  readonly linkId: string | undefined;
  readonly device: bigint;
}

/** Files to copy or to digest: a root filesystem, or what a scan saw of a folder. Paths are absolute in it. */
export interface Tree<E extends TreeEntry = TreeEntry> {
  /** For messages: `the build context`, `the source image`. */
  readonly title: string;
  /** Follows nothing. Undefined when it is not there. */
  lstat(path: string): E | undefined;
  /** Names in a folder, sorted. `needed` is false when the folder itself is not selected, only perhaps something in it. */
  list(path: string, needed?: boolean): readonly string[];
  /** A link's text. */
  readlink(path: string): string;
}

/** A tree whose files can be read. */
export interface ReadableTree extends Searched {
  attributes(path: string): Attributes;
  /** Where on this machine the file is. */
  place(path: string): string;
  /** Throws CONTEXT_CHANGED when the file on disk is not the one that was scanned. */
  verify?(path: string): void;
}

/** What messages about a missing path need. */
export interface Searched extends Tree {
  /** The ignore file that hides a path which someone asks for. */
  hiddenBy?(path: string): string | undefined;
  /** All that could be asked for, where this tree holds only what was. */
  whole?(): Tree;
}

const S_IFMT = 0o170000;
const TYPES: Readonly<Record<number, EntryType>> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
  0o010000: 'fifo',
  0o020000: 'character',
  0o060000: 'block',
  0o140000: 'socket',
};

/** The type that mode_t names. */
export function typeOf(mode: number): EntryType {
  return TYPES[mode & S_IFMT] ?? 'file';
}

export function entryOf(stat: BigIntStats): TreeEntry {
  const mode = Number(stat.mode);
  const type = typeOf(mode);
  return {
    type,
    mode: mode & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: Number(stat.size),
    mtimeNs: stat.mtimeNs,
    linkId: type === 'file' && stat.nlink > 1n ? `${stat.dev}:${stat.ino}` : undefined,
    device: type === 'character' || type === 'block' ? stat.rdev : 0n,
  };
}

/** What is at a place of this machine, no link followed; undefined when nothing is. */
export function statEntry(place: string): TreeEntry | undefined {
  const stat = lstatPlace(place);
  return stat === undefined ? undefined : entryOf(stat);
}

/** resolvePath in a tree. */
export function resolveInTree(tree: Pick<Tree, 'lstat' | 'readlink'>, path: string, options?: ResolveOptions): string {
  return resolvePath(path, (at) => (tree.lstat(at)?.type === 'symlink' ? tree.readlink(at) : undefined), options);
}
