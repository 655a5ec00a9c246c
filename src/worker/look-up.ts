import { listPlace, lstatPlace } from '../snapshot/disk.ts';
import { resolveWithin } from '../snapshot/rooted-path.ts';
import { hasCode } from '../util/error.ts';
import type { LookedUp } from './protocol.ts';

/** Finds files in a mounted root filesystem as its processes would. */
export function lookUp(
  root: string,
  { paths, folders }: { readonly paths: readonly string[]; readonly folders: readonly string[] },
): LookedUp {
  const find = (path: string): string | undefined => {
    const real = resolved(root, path);
    return real !== undefined && lstatPlace(`${root}${real}`) !== undefined ? real : undefined;
  };
  const found = paths.flatMap((path) => {
    const real = find(path);
    return real === undefined ? [] : [[path, real] as const];
  });
  const inFolders = new Set<string>();
  for (const folder of new Set(folders.map((path) => find(path)))) {
    if (folder === undefined) continue;
    for (const name of names(`${root}${folder}`)) {
      const real = find(`${folder}/${name}`);
      if (real !== undefined) inFolders.add(real);
    }
  }
  return { paths: new Map(found), inFolders };
}

function resolved(root: string, path: string): string | undefined {
  try {
    return resolveWithin(root, path);
  } catch (error) {
    if (hasCode(error, 'SYMLINK_LOOP')) return undefined;
    throw error;
  }
}

function names(folder: string): readonly string[] {
  try {
    return listPlace(folder);
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) return [];
    throw error;
  }
}
