import { join } from 'node:path';
import { readAttributes } from '../files/attributes.ts';
import type { FolderSource } from '../files/contract.ts';
import type { ReadableTree } from '../files/tree.ts';
import { entriesTree } from './entries-tree.ts';
import { PackedEntries } from './packed-entries.ts';
import { verifyEntry } from './scanned-folder.ts';

/** The scanned folder as the worker copies from it: only what the scan saw, each file checked against it. */
export function scannedTree(source: FolderSource): ReadableTree {
  const entries = PackedEntries.open(source.entries);
  if (entries === undefined) throw new Error(`the entries of ${source.title} are damaged`);
  const tree = entriesTree(source, entries.entries());
  return {
    ...tree,
    place: (path) => join(source.root, path),
    attributes: (path) => readAttributes(join(source.root, path)),
    verify: (path) => verifyEntry(source, tree.entry(path)),
  };
}
