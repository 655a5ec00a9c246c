import { closeSync, openSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { fsPath } from '../archive/text.ts';
import { hasCode, PolyarchError } from '../util/error.ts';
import { lgetxattr, lremovexattr, lsetxattr, mknod, S_IF } from './syscalls.ts';

/*
 * How overlayfs marks what a layer hides (with the option userxattr).
 * https://docs.kernel.org/filesystems/overlayfs.html, "whiteouts and opaque directories"
 */

export const OVERLAY_XATTR = 'user.overlay.';
const OPAQUE = 'user.overlay.opaque';
const WHITEOUT = 'user.overlay.whiteout';
const YES = Buffer.from('y');

/** Fails with STORE_UNSUPPORTED on a filesystem without extended attributes of users. */
export function setOpaque(folder: string): void {
  try {
    lsetxattr(folder, OPAQUE, { value: YES });
  } catch (error) {
    if (!hasCode(error, 'ENOTSUP', 'EOPNOTSUPP')) throw error;
    throw new PolyarchError('STORE_UNSUPPORTED', `the filesystem of ${folder} keeps no extended attributes`, {
      hint: 'put the store (POLYARCH_HOME) on ext4, xfs, btrfs or another filesystem that does',
      cause: error,
    });
  }
}

export function clearOpaque(folder: string): void {
  lremovexattr(folder, OPAQUE);
}

/** True for a folder that hides everything below it. */
export function isOpaque(folder: string): boolean {
  return lgetxattr(folder, OPAQUE)?.equals(YES) === true;
}

/**
 * Puts a whiteout where nothing is: a character device 0:0 (which a user namespace may make since Linux 5.8),
 * or where that is refused, an empty file with an attribute, known to overlayfs since Linux 6.7.
 */
export function makeWhiteout(path: string): 'device' | 'attribute' {
  try {
    mknod(path, S_IF.CHR, { major: 0, minor: 0 });
    return 'device';
  } catch (error) {
    if (!hasCode(error, 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP')) throw error;
  }
  closeSync(openSync(fsPath(path), 'wx', 0o600));
  lsetxattr(path, WHITEOUT, { value: YES });
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (!isOpaque(parent)) lsetxattr(parent, OPAQUE, { value: Buffer.from('x') });
  return 'attribute';
}

export function isWhiteout(path: string, stat: Stats): boolean {
  if (stat.isCharacterDevice()) return stat.rdev === 0;
  return stat.isFile() && stat.size === 0 && lgetxattr(path, WHITEOUT) !== undefined;
}
