import { WHITEOUT_PREFIX, OPAQUE_WHITEOUT } from '../archive/whiteout.ts';
import { isOpaque, isWhiteout } from './overlay-format.ts';
import { LowerTree } from './lower-tree.ts';
import { packTree } from './tree-pack.ts';
import type { PackItem, PackTreeOptions } from './tree-pack.ts';
import { walkTree } from './walk.ts';

export interface DiffTreeOptions extends PackTreeOptions {
  /** Folders of the layers below, from the lowest up. Without it, every mark of the upper folder is written. */
  readonly lowers?: readonly string[];
}

/**
 * A layer folder in overlayfs's format as an OCI layer tar (image spec, layer.md): whiteout devices become
 * `.wh.` files, opaque folders get `.wh..wh..opq`. Overlayfs marks every new folder opaque to save itself
 * look-ups, so with `lowers` only marks that hide something are written.
 */
export function diffTree(upper: string, options: DiffTreeOptions = {}): AsyncIterable<Buffer> {
  const lower = options.lowers === undefined ? undefined : new LowerTree(options.lowers);
  function* items(): Generator<PackItem> {
    for (const item of walkTree(upper)) {
      const slash = item.path.lastIndexOf('/') + 1;
      if (isWhiteout(item.full, item.stat)) {
        if (lower?.has(item.path) !== false)
          yield whiteout(`${item.path.slice(0, slash)}${WHITEOUT_PREFIX}${item.path.slice(slash)}`);
        continue;
      }
      yield item;
      if (!item.stat.isDirectory()) continue;
      const opaque = isOpaque(item.full);
      if (opaque && lower?.hasFolder(item.path) !== false) yield whiteout(`${item.path}/${OPAQUE_WHITEOUT}`);
      lower?.enter(item.path, opaque);
    }
  }
  return packTree(items(), options);
}

function whiteout(path: string): PackItem {
  return { entry: { path, type: 'file', mode: 0 } };
}
