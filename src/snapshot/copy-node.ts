import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { fsPath } from '../archive/text.ts';
import { readXattrs } from './image-xattrs.ts';
import { deviceOf, lsetxattr, mknod, S_IF, setTimesNs } from './syscalls.ts';
import type { TreeEntry } from './walk.ts';

/** Files above this many bytes are copied off the main thread. */
const LARGE = 1024 * 1024;

/** Copies files of a tree one by one, several names of one file as hardlinks. */
export class NodeCopier {
  readonly #links = new Map<string, string>();

  /**
   * Makes `target`, where nothing is, the same as the file `item`; a folder is made empty. Attributes are the
   * caller's to set, folders' last. False for a socket, which is left out; EPERM for a device that the kernel refuses.
   */
  async copy(item: TreeEntry, target: string): Promise<boolean> {
    const { full, stat } = item;
    if (stat.nlink > 1 && !stat.isDirectory()) {
      const key = fileKey(full);
      const first = this.#links.get(key);
      if (first !== undefined) {
        linkSync(fsPath(first), fsPath(target));
        return true;
      }
      this.#links.set(key, target);
    }
    if (stat.isDirectory()) mkdirSync(fsPath(target), { mode: 0o700 });
    else if (stat.isFile()) {
      const flags = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;
      if (stat.size > LARGE) await copyFile(fsPath(full), fsPath(target), flags);
      else copyFileSync(fsPath(full), fsPath(target), flags);
    } else if (stat.isSymbolicLink()) symlinkSync(readlinkSync(fsPath(full), { encoding: 'buffer' }), fsPath(target));
    else if (stat.isSocket()) return false;
    else mknod(target, stat.mode & S_IF.MT, deviceOf(stat.rdev));
    return true;
  }
}

/** Tells a file with several names; overlayfs's inode numbers do not fit into a double. */
export function fileKey(path: string): string {
  const { dev, ino } = lstatSync(fsPath(path), { bigint: true });
  return `${dev}:${ino}`;
}

/** Gives `target` the owner, mode, xattrs and exact times of `source`. */
export function copyAttributes(source: string, target: string): void {
  setAttributes(target, { stat: lstatSync(fsPath(source), { bigint: true }), xattrs: readXattrs(source) });
}

/** The order matters: a change of owner clears setuid bits and file capabilities. */
export function setAttributes(target: string, from: { stat: BigIntStats; xattrs: ReadonlyMap<string, Buffer> }): void {
  const { stat, xattrs } = from;
  lchownSync(fsPath(target), Number(stat.uid), Number(stat.gid));
  if (!stat.isSymbolicLink()) chmodSync(fsPath(target), Number(stat.mode & 0o7777n));
  for (const [name, value] of xattrs) lsetxattr(target, name, { value });
  setTimesNs(target, stat.mtimeNs);
}
