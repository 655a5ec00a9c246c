import { type PatternMatcher, patternMatcher } from '../../util/patterns.ts';
import type { Tree, TreeEntry } from './tree.ts';

/** Which files below a starting point count, by path relative to it. */
export interface Selection {
  readonly include?: PatternMatcher;
  readonly exclude?: PatternMatcher;
}

export function selection(patterns: {
  includePatterns?: readonly string[];
  excludePatterns?: readonly string[];
}): Selection {
  const { includePatterns = [], excludePatterns = [] } = patterns;
  return {
    ...(includePatterns.length > 0 ? { include: patternMatcher(includePatterns) } : {}),
    ...(excludePatterns.length > 0 ? { exclude: patternMatcher(excludePatterns) } : {}),
  };
}

/** `enter` comes for everything selected; `leave` for each folder that was entered, after all in it. */
export interface Visit<E extends TreeEntry = TreeEntry> {
  readonly kind: 'enter' | 'leave';
  /** In the tree. */
  readonly path: string;
  /** From the starting point, without a slash before it; empty for that itself. */
  readonly relative: string;
  readonly entry: E;
}

interface Folder<E extends TreeEntry> extends Omit<Visit<E>, 'kind'> {
  readonly names: Iterator<string>;
  readonly parent: Folder<E> | undefined;
  entered: boolean;
}

/**
 * A starting point and what the selection picks below it, folders before their content. The starting point
 * always counts; a folder that is not selected itself comes just before the first thing in it that is.
 */
export function* walkTree<E extends TreeEntry>(
  tree: Tree<E>,
  start: string,
  selected: Selection,
): Generator<Visit<E>, void, void> {
  const entry = tree.lstat(start);
  if (entry === undefined) return;
  yield { kind: 'enter', path: start, relative: '', entry };
  if (entry.type !== 'directory') return;
  const open = (found: Omit<Folder<E>, 'names'>): Folder<E> => ({
    ...found,
    names: tree.list(found.path, found.entered)[Symbol.iterator](),
  });
  let folder: Folder<E> | undefined = open({ path: start, relative: '', entry, parent: undefined, entered: true });
  while (folder !== undefined) {
    const next = folder.names.next();
    if (next.done === true) {
      if (folder.entered) yield { kind: 'leave', path: folder.path, relative: folder.relative, entry: folder.entry };
      folder = folder.parent;
      continue;
    }
    const name: string = next.value;
    const relative: string = folder.relative === '' ? name : `${folder.relative}/${name}`;
    const included = selected.include?.matches(relative) !== false;
    const hidden = selected.exclude?.matches(relative) === true;
    const chosen = included && !hidden;
    if (hidden && selected.exclude?.hasExceptions !== true) continue;
    const path: string = folder.path === '/' ? `/${name}` : `${folder.path}/${name}`;
    const entry = tree.lstat(path);
    if (entry === undefined || (!chosen && entry.type !== 'directory')) continue;
    if (chosen) {
      yield* unentered(folder);
      yield { kind: 'enter', path, relative, entry };
    }
    if (entry.type !== 'directory') continue;
    if (hidden && selected.exclude?.canReinclude(relative) === false) continue;
    if (!included && selected.include?.canMatchBelow(relative) === false) continue;
    folder = open({ path, relative, entry, parent: folder, entered: chosen });
  }
}

/** The folder and its parents that were passed over so far, outermost first. */
function* unentered<E extends TreeEntry>(folder: Folder<E>): Generator<Visit<E>, void, void> {
  if (folder.entered) return;
  if (folder.parent !== undefined) yield* unentered(folder.parent);
  folder.entered = true;
  yield { kind: 'enter', path: folder.path, relative: folder.relative, entry: folder.entry };
}
