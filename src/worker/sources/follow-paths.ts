import { basename, dirname, join } from 'node:path';
import { cleanPath } from '../../util/clean-path.ts';
import { globMatcher, hasWildcard } from '../../util/glob.ts';

/** What following needs of a folder; paths are relative to it. */
export interface LinkReader {
  /** A link's text; undefined when no link is there. */
  readlink(path: string): string | undefined;
  /** Names in a folder; none when there is no folder. */
  list(path: string): readonly string[];
}

/**
 * The include patterns that stand for paths and all links that they lead over (fsutil's FollowLinks), e.g.
 * `a/b` with `a -> c` gives `a` and `c/b`. A path may hold wildcards. `undefined` means everything.
 */
export function followPaths(paths: readonly string[], reader: LinkReader): readonly string[] | undefined {
  const resolved = new Set<string>();
  for (const path of paths) follow(path, reader, resolved);
  const sorted = [...resolved].toSorted();
  if (sorted.includes('.')) return undefined;
  return sorted.filter((path) => !sorted.some((other) => path.startsWith(`${other}/`)));
}

function follow(path: string, reader: LinkReader, resolved: Set<string>): void {
  const parts = cleanPath(`/${path}`).slice(1).split('/');
  let current = '';
  for (const [index, part] of parts.entries()) {
    current = join(current, part);
    const targets = linkTargets(current, reader);
    const last = index === parts.length - 1;
    if ((last || targets.length > 0) && resolved.has(current)) return;
    if (targets.length > 0) {
      resolved.add(current);
      for (const target of targets) follow(join(target, ...parts.slice(index + 1)), reader, resolved);
      return;
    }
  }
  resolved.add(current);
}

function linkTargets(path: string, reader: LinkReader): string[] {
  const name = basename(path);
  if (!hasWildcard(name)) return linkTarget(path, reader);
  const folder = dirname(path);
  const matches = globMatcher(name);
  return reader
    .list(folder)
    .filter((entry) => matches(entry))
    .flatMap((entry) => linkTarget(join(folder, entry), reader));
}

function linkTarget(path: string, reader: LinkReader): string[] {
  const text = reader.readlink(path);
  if (text === undefined) return [];
  return [text.startsWith('/') ? cleanPath(text) : cleanPath(`/${dirname(path)}/${text}`)];
}
