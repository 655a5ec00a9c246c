import { lstatSync, readlinkSync } from 'node:fs';
import { decodeText, fsPath } from '../archive/text.ts';
import { PolyarchError } from '../util/error.ts';

/** As the kernel's MAXSYMLINKS, generously. */
const MAX_LINKS = 255;

export interface ResolveOptions {
  /** Follow a symlink in the last place too. Default true. */
  readonly followLast?: boolean;
  /** Fail with PATH_ESCAPES where `..` would climb above the root; else it stays at the root, as in a chroot. */
  readonly strict?: boolean;
}

/**
 * Resolves a path as a process whose root folder is `root` would: symlinks are read here, one part after the
 * other, so the kernel never follows one out of `root`. Parts that do not exist are kept. Returns the path
 * relative to `root`, `''` for the root itself. Nobody else may write below `root` meanwhile.
 * Fails with PATH_ESCAPES (when strict) or PATH_LOOP.
 */
export function resolveInRoot(root: string, path: string, options: ResolveOptions = {}): string {
  const { followLast = true, strict = false } = options;
  const pending = path.split('/').toReversed();
  const done: string[] = [];
  let links = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (done.pop() === undefined && strict) throw new PolyarchError('PATH_ESCAPES', `${path} leaves its root folder`);
      continue;
    }
    done.push(part);
    if (!followLast && pending.every((rest) => rest === '' || rest === '.')) break;
    const target = readLink(`${root}/${done.join('/')}`);
    if (target === undefined) continue;
    if (++links > MAX_LINKS)
      throw new PolyarchError('PATH_LOOP', `${path} goes through more than ${MAX_LINKS} symlinks`);
    if (target.startsWith('/')) done.length = 0;
    else done.pop();
    pending.push(...target.split('/').toReversed());
  }
  return done.join('/');
}

/** The symlink's target; undefined for anything else and for what is not there. */
function readLink(path: string): string | undefined {
  const at = fsPath(path);
  const stat = lstatSync(at, { throwIfNoEntry: false });
  return stat?.isSymbolicLink() === true ? decodeText(readlinkSync(at, { encoding: 'buffer' })) : undefined;
}
