/** What an archive member is. A hardlink names another member by `linkname`. */
export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';

/** One member of a tar archive. Names are as in the archive (see text.ts for bytes that are not UTF-8). */
export interface TarEntry {
  readonly path: string;
  readonly type: TarEntryType;
  /** Bytes of the file once written out; 0 for everything but files. */
  readonly size: number;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  /** Whole seconds since the epoch, rounded down. */
  readonly mtime: number;
  /** Nanoseconds after `mtime`: 0 to 999,999,999. */
  readonly mtimeNs: number;
  readonly linkname: string;
  readonly devMajor: number;
  readonly devMinor: number;
  /** Extended attributes (`SCHILY.xattr.*` PAX records). */
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** For a sparse file, the parts that hold data; the rest is zeros. */
  readonly sparse?: readonly SparseExtent[];
}

export interface SparseExtent {
  readonly offset: number;
  readonly length: number;
}

/** An entry with only what differs from the defaults: a file or folder of root's, of 1970. */
export type TarEntryInit = Pick<TarEntry, 'path' | 'type'> & Partial<TarEntry>;

export const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

/** Fills in the defaults: mode 0644 (folders 0755, symlinks 0777), owner 0:0, time 0. */
export function tarEntry(init: TarEntryInit): TarEntry {
  return {
    size: 0,
    mode: init.type === 'directory' ? 0o755 : init.type === 'symlink' ? 0o777 : 0o644,
    uid: 0,
    gid: 0,
    uname: '',
    gname: '',
    mtime: 0,
    mtimeNs: 0,
    linkname: '',
    devMajor: 0,
    devMinor: 0,
    xattrs: NO_XATTRS,
    ...init,
  };
}
