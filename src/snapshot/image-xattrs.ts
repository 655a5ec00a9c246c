import { NO_XATTRS } from '../archive/entry.ts';
import { lgetxattr, llistxattr } from './syscalls.ts';

/** Attributes that belong to this machine, not to the image. */
const LOCAL = /^(?:user\.overlay\.|trusted\.overlay\.|security\.(?:selinux|ima|evm|apparmor|SMACK64)|system\.nfs4_acl)/;

/** A file's extended attributes, without overlayfs's own and the host's labels. */
export function readXattrs(path: string): ReadonlyMap<string, Buffer> {
  const names = llistxattr(path);
  if (names.length === 0) return NO_XATTRS;
  const found = new Map<string, Buffer>();
  for (const name of names) {
    const value = LOCAL.test(name) ? undefined : lgetxattr(path, name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}
