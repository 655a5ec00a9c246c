import { rmSync, symlinkSync, writeFileSync, chmodSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fsPath } from '../../archive/text.ts';
import { PolyarchError } from '../../util/error.ts';
import type { MakeDirectoryAction, MakeFileAction, MakeLinkAction, RemoveAction } from './contract.ts';
import { keptOr } from './copy.ts';
import { diskTree } from './disk-tree.ts';
import type { OwnerIds } from './owner.ts';
import { resolveWithin } from '../../snapshot/rooted-path.ts';
import { findSources } from './select.ts';
import { setTimesNs } from '../../snapshot/syscalls.ts';
import { changeOwner, makeDirectories, type Target } from './target.ts';
import { statEntry } from './tree.ts';

type Made<A> = Omit<A, 'kind' | 'owner'> & { readonly owner?: OwnerIds };

/** pb.FileActionMkDir. A folder that is there already stays as it is. */
export function makeDirectory(target: Target, action: Made<MakeDirectoryAction>): void {
  const path = resolveWithin(target.root, action.path);
  if (action.makeParents === true) {
    const timestamp = keptOr(action.timestamp);
    const made = makeDirectories(target, path, {
      mode: action.mode,
      ...(action.owner === undefined ? {} : { owner: action.owner }),
      ...(timestamp === undefined ? {} : { timestamp }),
    });
    if (timestamp !== undefined)
      for (const folder of made.toReversed()) setTimesNs(join(target.root, folder), timestamp);
    return;
  }
  const existing = statEntry(join(target.root, path));
  if (existing?.type === 'directory') return;
  if (existing !== undefined) throw inTheWay('folder', path, existing.type);
  requireParent(target, path);
  mkdirSync(fsPath(join(target.root, path)));
  finish(target, path, { ...action, mode: action.mode & 0o777 });
}

/** pb.FileActionMkFile. Overwrites a file, and follows a link to it. */
export function makeFile(target: Target, action: Made<MakeFileAction>): void {
  const path = resolveWithin(target.root, action.path);
  const existing = statEntry(join(target.root, path));
  if (existing !== undefined && existing.type !== 'file') throw inTheWay('file', path, existing.type);
  requireParent(target, path);
  writeFileSync(fsPath(join(target.root, path)), action.data);
  finish(target, path, { ...action, mode: action.mode & 0o777 });
}

/** pb.FileActionSymlink. */
export function makeLink(target: Target, action: Made<MakeLinkAction>): void {
  const path = resolveWithin(target.root, action.path, { followLast: false });
  const existing = statEntry(join(target.root, path));
  if (existing !== undefined) throw inTheWay('link', path, existing.type);
  requireParent(target, path);
  symlinkSync(fsPath(action.target), fsPath(join(target.root, path)));
  finish(target, path, action);
}

/**
 * pb.FileActionRm: the file, link or folder with all in it; links on the way are followed, the last is not.
 *
 * @throws PolyarchError REMOVE_NOT_FOUND
 */
export function remove(target: Target, action: Omit<RemoveAction, 'kind'>): void {
  const tree = diskTree(target.root, 'the image');
  const paths =
    action.allowWildcard === true
      ? findSources(tree, action.path, { wildcard: true, optional: true }).map((source) => source.path)
      : [resolveWithin(target.root, action.path, { followLast: false })];
  for (const path of paths) {
    if (path === '/') throw new PolyarchError('REMOVE_ROOT', 'the root folder of an image cannot be removed');
    if (tree.lstat(path) !== undefined) rmSync(fsPath(join(target.root, path)), { recursive: true, force: true });
    else if (action.allowNotFound !== true) throw notFound(path);
  }
}

function notFound(path: string): PolyarchError {
  return new PolyarchError('REMOVE_NOT_FOUND', `${JSON.stringify(path)} cannot be removed: it is not in the image`);
}

function finish(target: Target, path: string, made: { mode?: number; owner?: OwnerIds; timestamp?: bigint }): void {
  const place = join(target.root, path);
  if (made.owner !== undefined) changeOwner(target, path, made.owner);
  if (made.mode !== undefined) chmodSync(fsPath(place), made.mode);
  const timestamp = keptOr(made.timestamp);
  if (timestamp !== undefined) setTimesNs(place, timestamp);
}

function requireParent(target: Target, path: string): void {
  const parent = dirname(path);
  if (statEntry(join(target.root, parent))?.type === 'directory') return;
  throw new PolyarchError(
    'NOT_A_DIRECTORY',
    `${JSON.stringify(basename(path))} cannot be made in ${JSON.stringify(parent)}: that is no folder of the image`,
  );
}

function inTheWay(what: string, path: string, type: string): PolyarchError {
  return new PolyarchError(
    'PATH_EXISTS',
    `the ${what} ${JSON.stringify(path)} cannot be made in the image: a ${type} is there`,
  );
}
