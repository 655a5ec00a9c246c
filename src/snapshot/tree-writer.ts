import {
  closeSync,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import type { TarEntry } from '../archive/entry.ts';
import { memberPath } from '../archive/member-path.ts';
import type { TarSink } from '../archive/parser.ts';
import { fsPath } from '../archive/text.ts';
import { parseWhiteout } from '../archive/whiteout.ts';
import { hasCode, PolyarchError } from '../util/error.ts';
import { Attributes } from './attributes.ts';
import { isWhiteout, makeWhiteout, setOpaque } from './overlay-format.ts';
import { removeTree } from './remove-tree.ts';
import { resolveWithin } from './rooted-path.ts';
import { mknod, S_IF, setTimes } from './syscalls.ts';
import type { UnpackWarning } from './unpack.ts';

export interface TreeWriterOptions {
  /** Owners that cannot be set, for want of subordinate ids, become 0:0. Default: that fails with OWNER_UNMAPPED. */
  readonly flattenOwners?: boolean;
  readonly onWarning?: (warning: UnpackWarning) => void;
}

/** Folders are private until their members are in and their own mode is set. */
const NEW_FOLDER = 0o700;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Writes an archive's members below a folder; whiteouts as overlayfs keeps them; see unpackLayer. */
export class TreeWriter implements TarSink {
  whiteouts = false;
  readonly #root: string;
  readonly #attributes: Attributes;
  readonly #unset = 0o7000 | process.umask();
  /** Folders known to be real ones, by path; with the member that describes it once there is one. */
  readonly #folders = new Map<string, TarEntry | undefined>();
  /** Of those, the ones made here for want of a member. */
  readonly #implied = new Set<string>();
  #file: { readonly fd: number; readonly path: string; readonly entry: TarEntry } | undefined;

  constructor(root: string, options: TreeWriterOptions) {
    this.#root = root;
    this.#attributes = new Attributes(options);
    this.#folders.set('', undefined);
    this.#implied.add('');
  }

  entry(entry: TarEntry): void {
    const path = memberPath(entry.path);
    if (path === '') {
      if (entry.type !== 'directory') throw unsafe(entry, 'is the root itself');
      this.#describe('', entry);
      return;
    }
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const parent = this.#folder(slash === -1 ? '' : path.slice(0, slash), entry);
    if (name.startsWith('.wh.')) return this.#whiteout(parent, name, entry);
    this.#make(parent === '' ? name : `${parent}/${name}`, entry);
  }

  data(bytes: Buffer, position: number): void {
    const file = this.#file;
    if (file === undefined) return;
    for (let at = 0; at < bytes.length;) at += writeSync(file.fd, bytes, at, bytes.length - at, position + at);
  }

  end(): void {
    const file = this.#file;
    if (file === undefined) return;
    const { fd, path, entry } = file;
    if (entry.sparse !== undefined) ftruncateSync(fd, entry.size);
    const owned = this.#attributes.owner(entry);
    if (owned.set) this.#attributes.own(() => fchownSync(fd, owned.uid, owned.gid), entry);
    // open(2) sets neither the special bits nor those in the umask.
    if ((entry.mode & this.#unset) !== 0 || owned.set) fchmodSync(fd, entry.mode);
    this.#attributes.xattrs(this.#full(path), entry);
    if (entry.mtimeNs === 0 && entry.mtime >= 0) futimesSync(fd, entry.mtime, entry.mtime);
    else setTimes(this.#full(path), entry.mtime, entry.mtimeNs);
    this.close();
  }

  /** Sets the folders' own attributes, the deepest first: writing into them changed their times. */
  finish(): void {
    for (const [path, entry] of [...this.#folders].toReversed()) {
      if (entry !== undefined) this.#attributes.set(this.#full(path), entry);
      else if (this.#implied.has(path)) this.#attributes.setImplied(this.#full(path));
    }
  }

  implied(): string[] {
    return [...this.#implied].toSorted();
  }

  /** Closes the open file, if any. */
  close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #full(path: string): string {
    return path === '' ? this.#root : `${this.#root}/${path}`;
  }

  #stat(path: string): Stats | undefined {
    return lstatSync(fsPath(this.#full(path)), { throwIfNoEntry: false });
  }

  #make(path: string, entry: TarEntry): void {
    const full = fsPath(this.#full(path));
    switch (entry.type) {
      case 'directory':
        if (!this.#folders.has(path)) this.#makeFolder(path);
        return this.#describe(path, entry);
      case 'file': {
        const fd = this.#replacing(path, () => openSync(full, CREATE, entry.mode & 0o777));
        this.#file = { fd, path, entry };
        return;
      }
      case 'hardlink':
        return this.#link(path, entry);
      case 'symlink':
        this.#replacing(path, () => symlinkSync(fsPath(entry.linkname), full));
        break;
      case 'fifo':
        this.#replacing(path, () => mknod(this.#full(path), S_IF.FIFO | 0o600, { major: 0, minor: 0 }));
        break;
      case 'char':
      case 'block':
        if (!this.#device(path, entry)) return;
        break;
    }
    this.#attributes.set(this.#full(path), entry);
  }

  /** False when the device cannot be made. */
  #device(path: string, entry: TarEntry): boolean {
    const { devMajor: major, devMinor: minor } = entry;
    // Overlayfs would take a device 0:0 for a whiteout.
    if (major !== 0 || minor !== 0 || entry.type === 'block') {
      try {
        const type = entry.type === 'char' ? S_IF.CHR : S_IF.BLK;
        this.#replacing(path, () => mknod(this.#full(path), type | 0o600, { major, minor }));
        return true;
      } catch (error) {
        if (!hasCode(error, 'EPERM')) throw error;
      }
    }
    this.#attributes.warn(
      'DEVICE_SKIPPED',
      path,
      `the device ${path} (${major}:${minor}) is left out: it cannot be made here`,
    );
    return false;
  }

  #link(path: string, entry: TarEntry): void {
    const target = this.#resolve(memberPath(entry.linkname), entry, {
      followLast: false,
      why: `is a hardlink to ${entry.linkname}`,
    });
    const stat = this.#stat(target);
    if (stat === undefined || isWhiteout(this.#full(target), stat))
      throw unsafe(entry, `is a hardlink to ${entry.linkname}, which is not in the archive`);
    if (stat.isDirectory()) throw unsafe(entry, `is a hardlink to the folder ${entry.linkname}`);
    if (target === path) return;
    this.#replacing(path, () => linkSync(fsPath(this.#full(target)), fsPath(this.#full(path))));
  }

  #whiteout(parent: string, name: string, entry: TarEntry): void {
    const whiteout = parseWhiteout(name);
    if (whiteout === undefined || whiteout.kind === 'metadata') return;
    this.whiteouts = true;
    if (whiteout.kind === 'opaque') return setOpaque(this.#full(parent));
    if (whiteout.name === '' || whiteout.name === '.' || whiteout.name === '..') throw unsafe(entry, 'removes no name');
    const path = parent === '' ? whiteout.name : `${parent}/${whiteout.name}`;
    const stat = this.#stat(path);
    if (stat?.isDirectory() === true) setOpaque(this.#full(path));
    else if (stat === undefined && makeWhiteout(this.#full(path)) === 'attribute') {
      this.#attributes.warn(
        'WHITEOUT_ATTRIBUTE',
        path,
        'whiteout devices cannot be made here: extended attributes are used instead',
      );
    }
  }

  /** The real folder that `path` names, made when missing, its symlinks resolved inside the root. */
  #folder(path: string, entry: TarEntry): string {
    if (this.#folders.has(path)) return path;
    let done = '';
    for (const part of path.split('/')) {
      const next = done === '' ? part : `${done}/${part}`;
      done = this.#folders.has(next) ? next : this.#enter(next, entry);
    }
    return done;
  }

  /** One step down, from a real folder. */
  #enter(path: string, entry: TarEntry): string {
    const stat = this.#stat(path);
    if (stat?.isDirectory() === true) {
      this.#folders.set(path, undefined);
      return path;
    }
    if (stat?.isSymbolicLink() === true) {
      const target = this.#resolve(path, entry, { followLast: true, why: `lies below the symlink ${path}` });
      if (this.#stat(target)?.isDirectory() !== true)
        throw unsafe(entry, `lies below the symlink ${path}, which leads to no folder`);
      if (!this.#folders.has(target)) this.#folders.set(target, undefined);
      return target;
    }
    if (stat !== undefined && !isWhiteout(this.#full(path), stat))
      throw unsafe(entry, `lies below ${path}, which is not a folder`);
    this.#makeFolder(path);
    this.#implied.add(path);
    return path;
  }

  #resolve(path: string, entry: TarEntry, options: { followLast: boolean; why: string }): string {
    try {
      return resolveWithin(this.#root, path, { followLast: options.followLast, strict: true }).slice(1);
    } catch (error) {
      if (!hasCode(error, 'PATH_ESCAPES', 'SYMLINK_LOOP')) throw error;
      throw unsafe(entry, `${options.why}, which leads out of the root or nowhere`);
    }
  }

  #makeFolder(path: string): void {
    const full = fsPath(this.#full(path));
    try {
      mkdirSync(full, NEW_FOLDER);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      const stat = this.#stat(path);
      if (stat?.isDirectory() !== true) {
        const hidden = stat !== undefined && isWhiteout(this.#full(path), stat);
        this.#remove(path);
        mkdirSync(full, NEW_FOLDER);
        if (hidden) setOpaque(this.#full(path));
      }
    }
    this.#folders.set(path, undefined);
  }

  #describe(path: string, entry: TarEntry): void {
    this.#folders.set(path, entry);
    this.#implied.delete(path);
  }

  /** Makes a file; what an earlier member (or whiteout) put there goes. */
  #replacing<T>(path: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    this.#remove(path);
    return make();
  }

  #remove(path: string): void {
    removeTree(this.#full(path), (folder) => {
      const inside = folder.slice(this.#root.length + 1);
      this.#folders.delete(inside);
      this.#implied.delete(inside);
    });
  }
}

function unsafe(entry: TarEntry, why: string): PolyarchError {
  return new PolyarchError('ARCHIVE_UNSAFE', `the archive's member ${entry.path} ${why}`);
}
