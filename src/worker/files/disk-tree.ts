import { join } from 'node:path';
import { readAttributes } from './attributes.ts';
import { listPlace, readLinkPlace } from '../../snapshot/disk.ts';
import { statEntry, type ReadableTree } from './tree.ts';

/** A mounted root filesystem or any other folder, as it is on disk. */
export function diskTree(root: string, title: string): ReadableTree {
  return {
    title,
    lstat: (path) => statEntry(join(root, path)),
    list: (path) => listPlace(join(root, path)),
    readlink: (path) => readLinkPlace(join(root, path)) ?? '',
    attributes: (path) => readAttributes(join(root, path)),
    place: (path) => join(root, path),
  };
}
