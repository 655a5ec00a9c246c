import { chmodSync, lchownSync } from 'node:fs';
import type { TarEntry } from '../archive/entry.ts';
import { fsPath } from '../archive/text.ts';
import { hasCode, PolyarchError } from '../util/error.ts';
import { OVERLAY_XATTR } from './overlay-format.ts';
import { lsetxattr, setTimes } from './syscalls.ts';
import type { TreeWriterOptions } from './tree-writer.ts';
import type { UnpackWarning } from './unpack.ts';

/** Owners, modes, xattrs and times of unpacked members; keeps count of what could not be set. */
export class Attributes {
  readonly #options: TreeWriterOptions;
  readonly #told = new Set<string>();
  #flattened = false;

  constructor(options: TreeWriterOptions) {
    this.#options = options;
  }

  /** The owner to give, and whether it must be set at all: new files are 0:0 already. */
  owner(entry: TarEntry): { uid: number; gid: number; set: boolean } {
    const { uid, gid } = entry;
    return { uid, gid, set: !this.#flattened && (uid !== 0 || gid !== 0) };
  }

  /** Runs a chown; what it means when it is refused depends on `flattenOwners`. */
  own(chown: () => void, entry: TarEntry): void {
    try {
      chown();
    } catch (error) {
      if (!hasCode(error, 'EINVAL', 'EPERM')) throw error;
      const { uid, gid } = entry;
      if (this.#options.flattenOwners !== true) {
        throw new PolyarchError(
          'OWNER_UNMAPPED',
          `${entry.path} belongs to ${uid}:${gid}, an id that this user namespace does not have`,
          {
            hint: 'give the user more subordinate ids: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER',
            cause: error,
          },
        );
      }
      this.#flattened = true;
      this.warn(
        'OWNERS_FLATTENED',
        entry.path,
        `files of other owners (${entry.path}: ${uid}:${gid}) become 0:0: there are no subordinate ids`,
      );
    }
  }

  xattrs(path: string, entry: TarEntry): void {
    for (const [name, value] of entry.xattrs) {
      if (name.startsWith(OVERLAY_XATTR) || name.startsWith('trusted.overlay.')) {
        this.warn(
          'XATTR_SKIPPED',
          entry.path,
          `${entry.path}: the attribute ${name} is overlayfs's own and is left out`,
          name,
        );
        continue;
      }
      try {
        lsetxattr(path, name, { value });
      } catch (error) {
        if (!hasCode(error, 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EINVAL')) throw error;
        this.warn(
          'XATTR_SKIPPED',
          entry.path,
          `${entry.path}: the attribute ${name} cannot be set here and is left out`,
          name,
        );
      }
    }
  }

  /** Everything, of anything but a file that is open. The order matters: chown clears setuid and capabilities. */
  set(path: string, entry: TarEntry): void {
    const owned = this.owner(entry);
    if (owned.set) this.own(() => lchownSync(fsPath(path), owned.uid, owned.gid), entry);
    if (entry.type !== 'symlink') chmodSync(fsPath(path), entry.mode);
    this.xattrs(path, entry);
    setTimes(path, entry.mtime, entry.mtimeNs);
  }

  /** A folder that the archive does not describe: root's, 0755, of 1970. */
  setImplied(path: string): void {
    chmodSync(fsPath(path), 0o755);
    setTimes(path, 0, 0);
  }

  warn(code: UnpackWarning['code'], path: string, message: string, detail = ''): void {
    const key = `${code} ${detail}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#options.onWarning?.({ code, path, message });
  }
}
