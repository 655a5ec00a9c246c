import { type Stats, closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { resolveWithin } from '../snapshot/rooted-path.ts';
import { hasCode } from '../util/error.ts';

export interface RootfsPath {
  /** The path with every link resolved inside the root, as seen from outside; it may not exist. */
  readonly path: string;
  /** Of that path's folders and itself, those that do not exist, the highest first. */
  readonly missing: readonly string[];
}

/** Resolves a path as a process whose root is `rootfs` would; see resolveWithin. */
export function resolveInRootfs(rootfs: string, path: string): RootfsPath {
  const missing: string[] = [];
  let at = rootfs;
  for (const name of resolveWithin(rootfs, path).split('/').filter(Boolean)) {
    at += `/${name}`;
    if (missing.length > 0 || lstatOr(at) === undefined) missing.push(at);
  }
  return { path: at, missing };
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
