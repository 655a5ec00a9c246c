import type { BigIntStats } from 'node:fs';
import { typeOf, type TreeEntry } from '../files/tree.ts';

/** What a scan of a folder saw of one thing in it. Owner is 0:0, as BuildKit's clients send contexts. */
export interface ScanEntry extends TreeEntry {
  /** Below the folder, without a slash before it. */
  readonly path: string;
  /** A link's text. */
  readonly link: string;
  readonly ctimeNs: bigint;
  readonly dev: bigint;
  readonly ino: bigint;
  /** sha256 of a file's bytes in hex; undefined until it was needed. */
  sha256: string | undefined;
  /** Whether it has extended attributes; undefined until it was needed. */
  attributed: boolean | undefined;
}

export function scanEntry(path: string, stat: BigIntStats, link: string): ScanEntry {
  const mode = Number(stat.mode);
  const type = typeOf(mode);
  return {
    path,
    type,
    mode: mode & 0o7777,
    uid: 0,
    gid: 0,
    size: Number(stat.size),
    mtimeNs: stat.mtimeNs,
    linkId: type === 'file' && stat.nlink > 1n ? `${stat.dev}:${stat.ino}` : undefined,
    device: type === 'character' || type === 'block' ? stat.rdev : 0n,
    link,
    ctimeNs: stat.ctimeNs,
    dev: stat.dev,
    ino: stat.ino,
    sha256: undefined,
    attributed: undefined,
  };
}

/** True when what a scan saw is still so. */
export function isUnchanged(entry: ScanEntry, now: BigIntStats): boolean {
  return (
    entry.ctimeNs === now.ctimeNs &&
    entry.mtimeNs === now.mtimeNs &&
    entry.ino === now.ino &&
    entry.dev === now.dev &&
    entry.size === Number(now.size) &&
    entry.type === typeOf(Number(now.mode))
  );
}
