import koffi from 'koffi';
import { encodeText } from '../../archive/text.ts';

/*
 * The file calls that Node has not: times to the nanosecond, device nodes, extended attributes. None
 * follows a link at the path's end.
 */

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const ENODATA = 61;
const ENOTSUP = 95;

const libc = koffi.load(null);
const utimensat = libc.func('int utimensat(int dir, const void *path, const void *times, int flags)');
const mknod = libc.func('int mknod(const void *path, unsigned int mode, uint64_t device)');
const llistxattr = libc.func('int64_t llistxattr(const void *path, void *list, size_t size)');
const lgetxattr = libc.func('int64_t lgetxattr(const void *path, const char *name, void *value, size_t size)');
const lsetxattr = libc.func(
  'int lsetxattr(const void *path, const char *name, const void *value, size_t size, int flags)',
);

/** The path's bytes with a zero after them. */
function cString(path: string): Buffer {
  return encodeText(`${path}\0`);
}

/** A failed call, shaped as Node's own. */
function systemError(call: string, path: string, errno = koffi.errno()): NodeJS.ErrnoException {
  const code = Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? `E${errno}`;
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, errno, syscall: call, path });
}

const times = Buffer.alloc(32);

/** Sets access and modification time, nanoseconds since the epoch. */
export function setTimes(path: string, nanoseconds: bigint): void {
  const seconds = nanoseconds / 1_000_000_000n - (nanoseconds % 1_000_000_000n < 0n ? 1n : 0n);
  const rest = nanoseconds - seconds * 1_000_000_000n;
  for (const offset of [0, 16]) {
    times.writeBigInt64LE(seconds, offset);
    times.writeBigInt64LE(rest, offset + 8);
  }
  if (utimensat(AT_FDCWD, cString(path), times, AT_SYMLINK_NOFOLLOW) !== 0) throw systemError('utimensat', path);
}

/** Makes a fifo, a device or an empty file; `mode` with its type bits. */
export function makeNode(path: string, mode: number, device: bigint): void {
  if (mknod(cString(path), mode, device) !== 0) throw systemError('mknod', path);
}

let list = Buffer.alloc(1024);

/** Names of the extended attributes; none where the file system has none. */
export function listAttributes(path: string): string[] {
  for (;;) {
    const size = Number(llistxattr(cString(path), list, list.length));
    if (size >= 0) return size === 0 ? [] : list.toString('utf8', 0, size - 1).split('\0');
    const errno = koffi.errno();
    if (errno === ENOTSUP) return [];
    if (errno !== koffi.os.errno['ERANGE']) throw systemError('llistxattr', path, errno);
    list = Buffer.alloc(list.length * 4);
  }
}

/** The attribute's value; undefined when it is not there. */
export function getAttribute(path: string, name: string): Uint8Array | undefined {
  for (let length = 256; ; length *= 8) {
    const value = Buffer.alloc(length);
    const size = Number(lgetxattr(cString(path), name, value, length));
    if (size >= 0) return value.subarray(0, size);
    const errno = koffi.errno();
    if (errno === ENODATA || errno === ENOTSUP) return undefined;
    if (errno !== koffi.os.errno['ERANGE']) throw systemError('lgetxattr', path, errno);
  }
}

export function setAttribute(path: string, name: string, value: Uint8Array): void {
  if (lsetxattr(cString(path), name, value, value.length, 0) !== 0) throw systemError('lsetxattr', path);
}
