import { join } from 'node:path';
import { lstatPlace } from '../../snapshot/disk.ts';
import { diskTree } from '../files/disk-tree.ts';
import type { Searched } from '../files/tree.ts';
import { patternMatcher } from '../../util/patterns.ts';
import type { ScanEntry } from './scan-entry.ts';
import type { ScannedFolder } from './scanned-folder.ts';

/** The tree of a scan's entries, which come folders first, the root (with an empty path) before all. */
export function entriesTree(
  folder: ScannedFolder,
  entries: readonly ScanEntry[],
): Searched & { entry(path: string): ScanEntry | undefined } {
  const byPath = new Map<string, ScanEntry>();
  const names = new Map<string, string[]>([['/', []]]);
  for (const entry of entries) {
    const path = `/${entry.path}`;
    byPath.set(path, entry);
    if (path === '/') continue;
    const slash = path.lastIndexOf('/');
    names.get(slash === 0 ? '/' : path.slice(0, slash))?.push(path.slice(slash + 1));
    if (entry.type === 'directory') names.set(path, []);
  }
  for (const list of names.values()) list.sort();
  const excluded = () => {
    const matcher = patternMatcher(folder.excludePatterns ?? []);
    return (path: string) => matcher.matches(path.slice(1));
  };
  return {
    title: folder.title,
    entry: (path) => byPath.get(path),
    lstat: (path) => byPath.get(path),
    list: (path) => names.get(path) ?? [],
    readlink: (path) => byPath.get(path)?.link ?? '',
    hiddenBy: (path) => {
      const hidden = excluded()(path) && lstatPlace(join(folder.root, path)) !== undefined;
      return hidden ? (folder.ignoreFile ?? '.dockerignore') : undefined;
    },
    whole: () => {
      const disk = diskTree(folder.root, folder.title);
      const hides = excluded();
      return { ...disk, list: (path) => disk.list(path).filter((name) => !hides(join(path, name))) };
    },
  };
}
