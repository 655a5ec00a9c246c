import type { Digest } from '../../oci/digest.ts';
import type { TreeSelector } from './contract.ts';
import { digestTree, type EntryContent } from './digest.ts';
import { diskTree } from './disk-tree.ts';
import { fileFailure } from './failure.ts';
import { hashFile } from './hash-file.ts';
import { pacer } from '../../util/pacer.ts';
import type { TreeEntry } from './tree.ts';

/**
 * digestTree of a root filesystem that lies at `root` on this machine.
 *
 * @param options.title names it in messages; default `the source image`
 */
export async function treeDigest(
  root: string,
  selectors: readonly TreeSelector[],
  options: { title?: string; signal?: AbortSignal } = {},
): Promise<Digest> {
  const tree = diskTree(root.replace(/\/$/, ''), options.title ?? 'the source image');
  const pace = pacer(options.signal);
  const contentOf = (path: string, entry: TreeEntry): EntryContent | Promise<EntryContent> => {
    try {
      const attributes = tree.attributes(path);
      if (entry.type !== 'file') return { attributes };
      const sha256 = hashFile(tree.place(path), pace);
      return typeof sha256 === 'string' ? { attributes, sha256 } : sha256.then((hex) => ({ attributes, sha256: hex }));
    } catch (error) {
      throw fileFailure(error, `reading ${JSON.stringify(path)} of ${tree.title}`);
    }
  };
  return digestTree(tree, selectors, { contentOf, pacer: pace });
}
