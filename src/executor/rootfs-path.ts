import { type Stats, closeSync, constants, fstatSync, lstatSync, openSync, readSync, readlinkSync } from 'node:fs';
import { PolyarchError, hasCode } from '../util/error.ts';

/** As many links as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;

export interface RootfsPath {
  /** The path with every link resolved inside the root, as seen from outside; it may not exist. */
  readonly path: string;
  /** Of that path's folders and itself, those that do not exist, the highest first. */
  readonly missing: readonly string[];
}

/**
 * Resolves a path as a process whose root is `rootfs` would: no link leads out of it. Only for a root that nobody
 * changes meanwhile.
 */
export function resolveInRootfs(rootfs: string, path: string): RootfsPath {
  const todo = path.split('/');
  let done: string[] = [];
  const missing: string[] = [];
  let links = 0;
  while (todo.length > 0) {
    const name = todo.shift();
    if (name === undefined || name === '' || name === '.') continue;
    if (name === '..') {
      const left = [rootfs, ...done].join('/');
      if (missing.at(-1) === left) missing.pop();
      done.pop();
      continue;
    }
    const candidate = [rootfs, ...done, name].join('/');
    const found = missing.length > 0 ? undefined : lstatOr(candidate);
    if (found === undefined) missing.push(candidate);
    if (found?.isSymbolicLink() === true) {
      links += 1;
      if (links > MAX_LINKS) throw new PolyarchError('LINK_LOOP', `too many symbolic links in ${path}`);
      const target = readlinkSync(candidate);
      if (target.startsWith('/')) done = [];
      todo.unshift(...target.split('/'));
      continue;
    }
    done.push(name);
  }
  return { path: [rootfs, ...done].join('/'), missing };
}

/** Reads a regular file inside the root; undefined when there is none, or it is larger than `limit` bytes. */
export function readInRootfs(rootfs: string, path: string, options: { limit: number }): string | undefined {
  const resolved = resolveInRootfs(rootfs, path);
  if (resolved.missing.length > 0) return undefined;
  let fd: number;
  try {
    fd = openSync(resolved.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > options.limit) return undefined;
    const bytes = Buffer.alloc(stat.size);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}

/** lstat, or undefined when there is nothing. */
export function lstatOr(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
