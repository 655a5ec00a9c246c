import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { TarChunks } from '../archive/chunks.ts';
import type { TarEntryInit, TarEntryType } from '../archive/entry.ts';
import { decodeText, fsPath } from '../archive/text.ts';
import { encodeEntry, END_OF_ARCHIVE, padding } from '../archive/writer.ts';
import { isElf } from '../util/elf-header.ts';
import { PolyarchError } from '../util/error.ts';
import { pacer } from '../util/pacer.ts';
import { readXattrs } from './image-xattrs.ts';
import { fileKey } from './copy-node.ts';
import { deviceOf } from './syscalls.ts';
import { type ElfFile, elfFile } from './elf-files.ts';
import type { TreeEntry } from './walk.ts';
import { walkTree } from './walk.ts';

export interface PackTreeOptions {
  /** Seconds since the epoch: later mtimes are set to it. */
  readonly clampMtime?: number;
  /** Told of each program and shared library on the way; of hardlinked names only the first. */
  readonly onElf?: (file: ElfFile) => void;
  readonly signal?: AbortSignal;
}

/** A file of the tree, or an entry that only the archive has (a whiteout). */
export type PackItem = TreeEntry | { readonly entry: TarEntryInit };

/**
 * An uncompressed tar of the items, in their order, in chunks of 1 MiB. Several names of one file become
 * hardlinks to the first; sockets are left out. Times are whole seconds. File data is read once, straight
 * into the chunks; no file may change meanwhile (SNAPSHOT_CHANGED).
 */
export async function* packTree(items: Iterable<PackItem>, options: PackTreeOptions = {}): AsyncGenerator<Buffer> {
  const chunks = new TarChunks();
  const links = new Map<string, string>();
  const pace = pacer(options.signal);
  for (const item of items) {
    options.signal?.throwIfAborted();
    if (pace.due) await pace.rest();
    if ('entry' in item) chunks.write(encodeEntry(item.entry));
    else {
      const entry = describe(item, links, options);
      if (entry === undefined) continue;
      chunks.write(encodeEntry(entry));
      if (entry.type === 'file' && entry.size !== undefined && entry.size > 0)
        yield* readInto(chunks, item, { size: entry.size, onElf: options.onElf });
    }
    if (chunks.hasFull) yield* chunks.full();
  }
  chunks.write(END_OF_ARCHIVE);
  yield* chunks.rest();
}

/** A whole tree as one tar, without the root itself: `type=tar`. `prefix` goes before each name. */
export function tarOfTree(
  root: string,
  options: PackTreeOptions & { readonly prefix?: string } = {},
): AsyncIterable<Buffer> {
  const prefix = (options.prefix ?? '').replace(/^\/+|\/+$/g, '');
  const under = prefix === '' ? '' : `${prefix}/`;
  function* items(): Generator<PackItem> {
    if (under !== '') {
      const parts = prefix.split('/');
      for (const index of parts.keys())
        yield { entry: { type: 'directory', path: parts.slice(0, index + 1).join('/') } };
    }
    for (const item of walkTree(root)) yield under === '' ? item : { ...item, path: under + item.path };
  }
  return packTree(items(), options);
}

/** The tar entry of a file on disk; undefined for what tar cannot hold. */
function describe(item: TreeEntry, links: Map<string, string>, options: PackTreeOptions): TarEntryInit | undefined {
  const { path, full, stat } = item;
  const type = typeOf(stat);
  if (type === undefined) return undefined;
  const time = mtimeSeconds(full, stat);
  const common = {
    path,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    mtime: options.clampMtime === undefined ? time : Math.min(time, options.clampMtime),
    xattrs: readXattrs(full),
  };
  if (stat.nlink > 1 && type !== 'directory') {
    const key = fileKey(full);
    const first = links.get(key);
    if (first !== undefined) return { ...common, type: 'hardlink', linkname: first };
    links.set(key, path);
  }
  switch (type) {
    case 'file':
      return { ...common, type, size: stat.size };
    case 'symlink':
      return { ...common, type, linkname: decodeText(readlinkSync(fsPath(full), { encoding: 'buffer' })) };
    case 'char':
    case 'block': {
      const device = deviceOf(stat.rdev);
      return { ...common, type, devMajor: device.major, devMinor: device.minor };
    }
    default:
      return { ...common, type };
  }
}

function typeOf(stat: Stats): TarEntryType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : undefined;
}

/** `mtimeMs` is a double: just below a whole second it may have been rounded up. */
function mtimeSeconds(full: string, stat: Stats): number {
  const seconds = Math.floor(stat.mtimeMs / 1000);
  if (stat.mtimeMs - seconds * 1000 > 0.001) return seconds;
  const exact = lstatSync(fsPath(full), { bigint: true }).mtimeNs;
  const whole = exact / 1_000_000_000n;
  return Number(exact < 0n && whole * 1_000_000_000n !== exact ? whole - 1n : whole);
}

function* readInto(
  chunks: TarChunks,
  item: TreeEntry,
  { size, onElf }: { size: number; onElf: PackTreeOptions['onElf'] },
): Generator<Buffer> {
  const fd = openSync(fsPath(item.full), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let left = size; left > 0;) {
      const room = chunks.room();
      const count = readSync(fd, room, 0, Math.min(room.length, left), null);
      if (count === 0) throw new PolyarchError('SNAPSHOT_CHANGED', `${item.full} became shorter while it was read`);
      // The room may end amid the first bytes.
      if (left === size && onElf !== undefined && (count < 4 ? size >= 4 : isElf(room))) {
        const file = elfFile(item.path, fd);
        if (file !== undefined) onElf(file);
      }
      chunks.advance(count);
      left -= count;
      if (chunks.hasFull) yield* chunks.full();
    }
  } finally {
    closeSync(fd);
  }
  chunks.write(padding(size));
}
