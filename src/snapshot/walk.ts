import { lstatSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { fsPath } from '../archive/text.ts';
import { listPlace } from './disk.ts';

/** One file of a tree. */
export interface TreeEntry {
  /** Relative to the tree's root (see archive/text.ts for names that are not UTF-8). */
  readonly path: string;
  /** With the root before it. */
  readonly full: string;
  readonly stat: Stats;
  /** 1 for what lies in the root itself. */
  readonly depth: number;
}

/**
 * All that lies below a folder, without the folder itself: names in sorted order, each folder before what is
 * in it; symlinks are not followed. `enter` may keep it out of a folder.
 */
export function* walkTree(root: string, options: { enter?: (entry: TreeEntry) => boolean } = {}): Generator<TreeEntry> {
  const stack: { readonly path: string; readonly names: readonly string[]; next: number }[] = [
    { path: '', names: listPlace(root), next: 0 },
  ];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const name = top.names[top.next++];
    if (name === undefined) {
      stack.pop();
      continue;
    }
    const path = top.path === '' ? name : `${top.path}/${name}`;
    const full = `${root}/${path}`;
    const entry = { path, full, stat: lstatSync(fsPath(full)), depth: stack.length };
    yield entry;
    if (entry.stat.isDirectory() && options.enter?.(entry) !== false)
      stack.push({ path, names: listPlace(full), next: 0 });
  }
}
