import { lstatSync, readdirSync } from 'node:fs';
import { hasCode } from '../util/error.ts';

/** Bytes that a file or a folder takes on disk, as du(1) counts: a file with several names once. 0 when it is gone. */
export function diskUsage(path: string): number {
  const seen = new Set<string>();
  const visit = (at: string): number => {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined) return 0;
    if (stat.nlink > 1 && !stat.isDirectory()) {
      const id = `${stat.dev}:${stat.ino}`;
      if (seen.has(id)) return 0;
      seen.add(id);
    }
    let bytes = stat.blocks * 512;
    if (stat.isDirectory()) for (const name of names(at)) bytes += visit(`${at}/${name}`);
    return bytes;
  };
  return visit(path);
}

function names(folder: string): readonly string[] {
  try {
    // Names that are not UTF-8 survive as latin1 only when they are asked for as bytes; here they are merely counted.
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
