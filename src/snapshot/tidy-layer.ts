import { lstatSync, readdirSync, rmdirSync } from 'node:fs';
import { decodeText, fsPath } from '../archive/text.ts';
import { hasCode } from '../util/error.ts';
import { setTimesNs } from './syscalls.ts';
import { readXattrs } from './image-xattrs.ts';
import { type DescribedLayer, describedFolder } from './implied-folders.ts';
import { LowerTree } from './lower-tree.ts';
import { clearOpaque, isOpaque } from './overlay-format.ts';

/**
 * Takes out of a new layer's folder what says nothing: empty folders that equal the one below (overlayfs copies a
 * folder up for as little as a file made and removed in it; as in BuildKit's differ, times alone make no difference),
 * and opaque marks where nothing lies below (overlayfs marks every new folder).
 */
export function tidyLayer(fs: string, lower: readonly DescribedLayer[]): void {
  const below = new LowerTree(lower.map((layer) => layer.fs));
  const described = describedFolder(lower);
  const candidates: { readonly path: string; readonly parent: string }[] = [];
  const todo = folderNames(fs).toReversed();
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    const full = `${fs}/${path}`;
    const covers = below.hasFolder(path);
    const opaque = isOpaque(full);
    if (opaque && !covers) clearOpaque(full);
    if (!opaque && covers) candidates.push({ path, parent: path.slice(0, Math.max(0, path.lastIndexOf('/'))) });
    below.enter(path, opaque);
    for (const name of folderNames(full).toReversed()) todo.push(`${path}/${name}`);
  }
  // The deepest first: a folder may be empty once those in it are gone.
  for (const { path, parent } of candidates.toReversed()) {
    const source = described(path);
    if (source === undefined || !sameAttributes(source, `${fs}/${path}`)) continue;
    const above = parent === '' ? fs : `${fs}/${parent}`;
    const before = lstatSync(fsPath(above), { bigint: true });
    try {
      rmdirSync(fsPath(`${fs}/${path}`));
    } catch (error) {
      if (hasCode(error, 'ENOTEMPTY')) continue;
      throw error;
    }
    setTimesNs(above, before.mtimeNs);
  }
}

function folderNames(folder: string): string[] {
  const entries = readdirSync(fsPath(folder), { withFileTypes: true, encoding: 'buffer' });
  return entries.flatMap((entry) => (entry.isDirectory() ? [decodeText(entry.name)] : []));
}

function sameAttributes(one: string, other: string): boolean {
  const [a, b] = [lstatSync(fsPath(one)), lstatSync(fsPath(other))];
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return false;
  const [left, right] = [readXattrs(one), readXattrs(other)];
  return left.size === right.size && [...left].every(([name, value]) => right.get(name)?.equals(value) === true);
}
