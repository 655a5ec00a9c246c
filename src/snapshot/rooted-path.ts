import { join } from 'node:path';
import { PolyarchError } from '../util/error.ts';
import { readLinkPlace } from './disk.ts';

/** More links than this on the way to one file are a loop, as containerd/continuity's RootPath has it. */
const MAX_LINKS = 255;

/** The text of the link at an absolute path of a root; undefined when nothing or no link is there. */
export type ReadLink = (path: string) => string | undefined;

export interface ResolveOptions {
  /** Follow a link in the last place too. Default true. */
  readonly followLast?: boolean;
  /** Fail with PATH_ESCAPES where `..` would climb above the root; else it stays at the root, as in a chroot. */
  readonly strict?: boolean;
}

/**
 * The path, absolute in its root, as a process whose root that is would resolve it: links are read here, one after
 * the other, so the kernel never follows one out of the root. Parts that do not exist are kept.
 *
 * @throws PolyarchError SYMLINK_LOOP, PATH_ESCAPES
 */
export function resolvePath(path: string, readLink: ReadLink, options: ResolveOptions = {}): string {
  const pending = components(path).toReversed();
  let done: string[] = [];
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '..') {
      if (done.pop() === undefined && options.strict === true)
        throw new PolyarchError('PATH_ESCAPES', `${JSON.stringify(path)} leaves its root folder`);
      continue;
    }
    const last = pending.length === 0 && options.followLast === false;
    const target = last ? undefined : readLink(`/${[...done, name].join('/')}`);
    if (target === undefined) {
      done.push(name);
      continue;
    }
    if (++links > MAX_LINKS)
      throw new PolyarchError('SYMLINK_LOOP', `too many symbolic links on the way to ${JSON.stringify(path)}`);
    if (target.startsWith('/')) done = [];
    pending.push(...components(target).toReversed());
  }
  return `/${done.join('/')}`;
}

/** resolvePath in a folder of this machine, below which nobody else writes meanwhile: still a path in the root. */
export function resolveWithin(root: string, path: string, options: ResolveOptions = {}): string {
  return resolvePath(path, (inRoot) => readLinkPlace(`${root}${inRoot}`), options);
}

/** The place on this machine of a path in the root folder; see resolveWithin. */
export function resolveInRoot(root: string, path: string, options: ResolveOptions = {}): string {
  return join(root, resolveWithin(root, path, options));
}

function components(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
