import { applyFileActions } from '../../src/worker/files/apply.ts';
import type { CopyAction } from '../../src/worker/files/contract.ts';
import type { LayerChain, Mounted } from '../../src/snapshot/layer.ts';
import { makeTree, type TreeSpec } from './tree.ts';

const SOURCE: LayerChain = [{ id: 'source' }];

/** Dockerfile's COPY, as BuildKit's frontend writes it. */
const COPY = {
  followSymlink: true,
  dirCopyContents: true,
  createDestPath: true,
  allowWildcard: true,
  allowEmptyWildcard: true,
} as const;

/** What a test says of a copy; the rest is as in COPY. */
export type GivenCopy = Partial<CopyAction> & Pick<CopyAction, 'sourcePath' | 'destPath'>;

/** Copies from a tree to another one; its root, and what was warned of. */
export async function copy(
  source: TreeSpec,
  dest: TreeSpec,
  action: GivenCopy,
): Promise<{ root: string; warnings: string[] }> {
  const from = makeTree(source);
  const root = makeTree(dest);
  const warnings: string[] = [];
  const view = async (): Promise<Mounted> => ({ path: from, async [Symbol.asyncDispose]() {} });
  await applyFileActions(root, [{ kind: 'copy', source: { kind: 'layers', layers: SOURCE }, ...COPY, ...action }], {
    view,
    warn: (warning) => warnings.push(warning),
  });
  return { root, warnings };
}
