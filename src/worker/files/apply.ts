import type { LayerChain, Mounted } from '../../snapshot/layer.ts';
import { scannedTree } from '../sources/scanned-tree.ts';
import type { CopySource, FileAction, FolderSource, Owner } from './contract.ts';
import { copyInto } from './copy.ts';
import { diskTree } from './disk-tree.ts';
import { fileFailure } from './failure.ts';
import { makeDirectory, makeFile, makeLink, remove } from './make.ts';
import { type OwnerIds, resolveOwner } from './owner.ts';
import { type Pacer, pacer } from '../../util/pacer.ts';
import type { Target } from './target.ts';
import type { ReadableTree } from './tree.ts';

export interface ApplyOptions {
  /** Mounts a chain to read from; called at most once for each chain object, disposed of at the end. */
  readonly view: (layers: LayerChain) => Promise<Mounted>;
  /** Each distinct warning is said once. */
  readonly warn: (message: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Does file actions, in order, on a mounted root. What was done before a failure stays: the caller throws
 * the snapshot away.
 *
 * @param root its place on this machine, absolute, without a slash at its end
 * @throws PolyarchError as copyInto, make and resolveOwner; NO_SPACE, PERMISSION_DENIED
 */
export async function applyFileActions(
  root: string,
  actions: readonly FileAction[],
  options: ApplyOptions,
): Promise<void> {
  const said = new Set<string>();
  const warn = (message: string) => {
    if (said.has(message)) return;
    said.add(message);
    options.warn(message);
  };
  const target: Target = { root, warn };
  const pace = pacer(options.signal);
  await using views = new Views(options.view);
  for (const action of actions) await applyAction(target, action, { views, pace });
}

interface Context {
  readonly views: Views;
  readonly pace: Pacer;
}

async function applyAction(target: Target, action: FileAction, context: Context): Promise<void> {
  if (action.kind === 'remove') return attempt(`removing ${JSON.stringify(action.path)}`, () => remove(target, action));
  const { owner, ...rest } = action;
  const ids = owner === undefined ? undefined : await ownerIds(target, owner, context.views);
  const owned = ids === undefined ? rest : { ...rest, owner: ids };
  switch (owned.kind) {
    case 'copy':
      return copyInto(target, {
        ...owned,
        source: await openSource(target, owned.source, context.views),
        pacer: context.pace,
      });
    case 'mkdir':
      return attempt(`making the folder ${JSON.stringify(owned.path)}`, () => makeDirectory(target, owned));
    case 'mkfile':
      return attempt(`writing ${JSON.stringify(owned.path)}`, () => makeFile(target, owned));
    case 'symlink':
      return attempt(`making the link ${JSON.stringify(owned.path)}`, () => makeLink(target, owned));
  }
}

function attempt(doing: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw fileFailure(error, doing);
  }
}

async function openSource(target: Target, source: CopySource, views: Views): Promise<ReadableTree> {
  switch (source.kind) {
    case 'layers':
      return diskTree(await views.open(source.layers), source.title ?? 'the source image');
    case 'folder':
      return views.folder(source);
    case 'self':
      return diskTree(target.root, 'the image');
  }
}

async function ownerIds(target: Target, owner: Owner, views: Views): Promise<OwnerIds> {
  const roots = new Map<LayerChain, string>();
  for (const id of [owner.user, owner.group]) {
    if (id?.kind === 'name' && id.root !== undefined) roots.set(id.root, await views.open(id.root));
  }
  return resolveOwner(owner, (id) =>
    id.kind === 'name' && id.root !== undefined ? (roots.get(id.root) ?? target.root) : target.root,
  );
}

/** What copies read from, opened once: chains are mounted until disposed of. */
class Views implements AsyncDisposable {
  readonly #view: ApplyOptions['view'];
  readonly #folders = new Map<Uint8Array, ReadableTree>();
  readonly #open = new Map<LayerChain, Mounted>();

  constructor(view: ApplyOptions['view']) {
    this.#view = view;
  }

  folder(source: FolderSource): ReadableTree {
    const known = this.#folders.get(source.entries);
    if (known !== undefined) return known;
    const tree = scannedTree(source);
    this.#folders.set(source.entries, tree);
    return tree;
  }

  async open(layers: LayerChain): Promise<string> {
    let mounted = this.#open.get(layers);
    if (mounted === undefined) {
      mounted = await this.#view(layers);
      this.#open.set(layers, mounted);
    }
    return mounted.path.replace(/\/$/, '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const mounted of this.#open.values()) await mounted[Symbol.asyncDispose]();
  }
}
