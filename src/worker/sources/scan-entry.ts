import type { BigIntStats } from 'node:fs';
import { entryOf, type TreeEntry } from '../files/tree.ts';

/** What a scan of a folder saw of one thing in it. Owner is 0:0, as fsutil sends contexts. */
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
  const entry = entryOf(stat);
  return {
    ...entry,
    uid: 0,
    gid: 0,
    path,
    link,
    ctimeNs: stat.ctimeNs,
    dev: stat.dev,
    ino: stat.ino,
    sha256: undefined,
    attributed: undefined,
  };
}

/** True when nothing of the file changed between two looks at it. */
export function isUnchanged(
  one: Pick<ScanEntry, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>,
  other: Pick<BigIntStats, 'dev' | 'ino' | 'mtimeNs' | 'ctimeNs'> & { size: bigint | number },
): boolean {
  return (
    one.ctimeNs === other.ctimeNs &&
    one.mtimeNs === other.mtimeNs &&
    one.ino === other.ino &&
    one.dev === other.dev &&
    one.size === Number(other.size)
  );
}
