import { PolyarchError } from '../../util/error.ts';
import { didYouMean } from '../../util/nearest.ts';
import { globMatcher, hasWildcard, unescapeGlob } from '../../util/glob.ts';
import { resolveInTree, type Searched, type Tree } from './tree.ts';

/** One thing that a source path names. */
export interface Source {
  /** As named: its last component is the name that a copy keeps. */
  readonly name: string;
  /** Where it is, links followed as asked. */
  readonly path: string;
}

export interface FindOptions {
  readonly wildcard?: boolean | undefined;
  /** Follow what is named when it is itself a link. */
  readonly followLinks?: boolean | undefined;
  /** Nothing found is no error. */
  readonly optional?: boolean;
}

/**
 * What a copy's source path names in a tree, in order of the names; a wildcard stays within one component
 * and does not look through links.
 *
 * @throws PolyarchError COPY_SOURCE_NOT_FOUND when it has no wildcard and is not there; PATTERN_INVALID
 */
export function findSources(tree: Searched, path: string, options: FindOptions): readonly Source[] {
  const followLast = options.followLinks === true;
  const parts = path.split('/').filter((part) => part !== '');
  if (options.wildcard !== true || !parts.some(hasWildcard)) {
    const named = `/${parts.join('/')}`;
    const found =
      findOne(tree, named, followLast) ??
      (options.wildcard === true ? findOne(tree, unescapeGlob(named), followLast) : undefined);
    if (found !== undefined) return [found];
    if (options.optional === true) return [];
    throw sourceNotFound(tree, named);
  }
  const fixed = parts.findIndex(hasWildcard);
  const base = resolveInTree(tree, parts.slice(0, fixed).join('/'), { followLast });
  const matches = expand(
    tree,
    base,
    parts.slice(fixed).map((part) => (hasWildcard(part) ? globMatcher(part) : unescapeGlob(part))),
  );
  return matches.map((match) => {
    const found = findOne(tree, match, followLast);
    if (found === undefined) throw sourceNotFound(tree, match);
    return found;
  });
}

function findOne(tree: Tree, name: string, followLast: boolean): Source | undefined {
  const path = resolveInTree(tree, name, { followLast });
  return tree.lstat(path) === undefined ? undefined : { name, path };
}

function expand(tree: Tree, folder: string, parts: readonly (string | ((name: string) => boolean))[]): string[] {
  const [part, ...rest] = parts;
  if (part === undefined) return [folder];
  if (tree.lstat(folder)?.type !== 'directory') return [];
  const names = typeof part === 'string' ? [part] : tree.list(folder).filter(part);
  const paths = names
    .map((name) => (folder === '/' ? `/${name}` : `${folder}/${name}`))
    .filter((path) => tree.lstat(path) !== undefined);
  return rest.length === 0 ? paths : paths.flatMap((path) => expand(tree, path, rest));
}

/** Says what is not there, why if known, and which name in the nearest folder that is there looks alike. */
export function sourceNotFound(searched: Searched, path: string): PolyarchError {
  const { title } = searched;
  const hidden = searched.hiddenBy?.(path);
  if (hidden !== undefined) {
    return new PolyarchError(
      'COPY_SOURCE_NOT_FOUND',
      `${JSON.stringify(path)} cannot be copied: ${hidden} excludes it from ${title}`,
      {
        hint: `add the line "!${path.slice(1)}" at the end of ${hidden}, or take away the one that excludes it`,
        details: { path, excludedBy: hidden, word: path.slice(1) },
      },
    );
  }
  const tree = searched.whole?.() ?? searched;
  const parts = path.split('/').filter((part) => part !== '');
  let folder = '/';
  let missing = parts[0] ?? '';
  for (const [index, part] of parts.entries()) {
    const next = resolveInTree(tree, `${folder}/${part}`);
    missing = part;
    if (tree.lstat(next)?.type !== 'directory' || index === parts.length - 1) break;
    folder = next;
  }
  const names = tree.lstat(folder)?.type === 'directory' ? tree.list(folder) : [];
  const suggestion = didYouMean(missing, names);
  return new PolyarchError('COPY_SOURCE_NOT_FOUND', `${JSON.stringify(path)} is not in ${title}${suggestion}`, {
    hint:
      names.length === 0
        ? `${folder} is empty there`
        : `${folder} there has: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`,
    details: { path, word: path.slice(1) },
  });
}

/** @throws PolyarchError COPY_SOURCE_NOT_FOUND for the first path that nothing copied starts with */
export function requirePaths(tree: Searched, required: readonly string[], copied: readonly string[]): void {
  for (const path of required) {
    const wanted = `/${path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/')}`;
    if (!copied.some((at) => at === wanted || at.startsWith(wanted === '/' ? '/' : `${wanted}/`)))
      throw sourceNotFound(tree, wanted);
  }
}
