import { join } from 'node:path';
import { PolyarchError } from '../../util/error.ts';
import { readLinkPlace } from './disk.ts';

/** More links than this on the way to one file are a loop, as containerd/continuity's RootPath has it. */
const MAX_LINKS = 255;

/** The text of the link at an absolute path of a root; undefined when nothing or no link is there. */
export type ReadLink = (path: string) => string | undefined;

export interface ResolveOptions {
  /** Follow the last component too. Default true. */
  readonly followLast?: boolean;
}

/**
 * The path, absolute in its root, with every link on the way followed as if the root were `/`. It never
 * leaves the root: `..` at the top stays there. Components that do not exist are kept as they are.
 *
 * @throws PolyarchError SYMLINK_LOOP
 */
export function resolvePath(path: string, readLink: ReadLink, options: ResolveOptions = {}): string {
  const pending = components(path).toReversed();
  let done: string[] = [];
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '..') {
      done.pop();
      continue;
    }
    const target =
      pending.length === 0 && options.followLast === false ? undefined : readLink(`/${[...done, name].join('/')}`);
    if (target === undefined) {
      done.push(name);
      continue;
    }
    if (++links > MAX_LINKS) {
      throw new PolyarchError('SYMLINK_LOOP', `too many symbolic links on the way to ${JSON.stringify(path)}`);
    }
    if (target.startsWith('/')) done = [];
    pending.push(...components(target).toReversed());
  }
  return `/${done.join('/')}`;
}

/** resolvePath in a folder of this machine: still a path in the root. */
export function resolveWithin(root: string, path: string, options: ResolveOptions = {}): string {
  return resolvePath(path, (inRoot) => readLinkPlace(join(root, inRoot)), options);
}

/** The place on this machine of a path in the root folder; see resolvePath. */
export function resolveInRoot(root: string, path: string, options: ResolveOptions = {}): string {
  return join(root, resolveWithin(root, path, options));
}

function components(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
