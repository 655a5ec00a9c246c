import type * as Koffi from 'koffi';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { encodeText } from '../archive/text.ts';

/*
 * The system calls that Node has no function for, through koffi (which needs no compiler). It is loaded by
 * the first call. A failure is an Error with `code`, `errno` and `syscall`, like those of node:fs.
 */

/** mount(2) flags, <linux/mount.h>. */
export const MS = { RDONLY: 1, NOSUID: 2, NODEV: 4, NOEXEC: 8, REMOUNT: 32, BIND: 4096 } as const;
/** umount2(2) flags. */
export const MNT_DETACH = 2;
/** File types, <linux/stat.h>. */
export const S_IF = {
  FIFO: 0o010000,
  CHR: 0o020000,
  DIR: 0o040000,
  BLK: 0o060000,
  REG: 0o100000,
  LNK: 0o120000,
  SOCK: 0o140000,
  MT: 0o170000,
} as const;

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const O_CLOEXEC = 0o2000000;
const LOCK_EX_NB = 2 | 4;

type Native = ReturnType<typeof bind>;
let native: Native | undefined;

function bind() {
  // Loaded here, not by `import`: the CLI imports this folder's types without ever making a call.
  const koffi: typeof Koffi = createRequire(import.meta.url)('koffi');
  const c = koffi.load(null);
  return {
    errno: () => koffi.errno(),
    mount: c.func(
      'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
    ),
    umount2: c.func('int umount2(const char *target, int flags)'),
    lsetxattr: c.func('int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)'),
    lremovexattr: c.func('int lremovexattr(const char *path, const char *name)'),
    lgetxattr: c.func('long lgetxattr(const char *path, const char *name, void *value, size_t size)'),
    llistxattr: c.func('long llistxattr(const char *path, void *list, size_t size)'),
    mknod: c.func('int mknod(const char *path, uint32_t mode, uint64_t device)'),
    utimensat: c.func('int utimensat(int dir, const char *path, const void *times, int flags)'),
    flock: c.func('int flock(int fd, int operation)'),
    fchdir: c.func('int fchdir(int fd)'),
    chdir: c.func('int chdir(const char *path)'),
    pipe2: c.func('int pipe2(void *fds, int flags)'),
  };
}

function libc(): Native {
  return (native ??= bind());
}

const codes = new Map<number, string>(Object.entries(constants.errno).map(([name, number]) => [number, name]));
codes.set(constants.errno.ENOTSUP, 'ENOTSUP');
codes.set(constants.errno.EAGAIN, 'EAGAIN');
codes.set(61, 'ENODATA');

/** The error of the call that just failed. */
function failure(syscall: string, path: string): NodeJS.ErrnoException {
  const errno = libc().errno();
  const code = codes.get(errno) ?? `E${errno}`;
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, errno: -errno, syscall, path });
}

/** A C string; koffi encodes a well-formed one by itself. */
function cstring(path: string): string | Buffer {
  return path.isWellFormed() ? path : Buffer.concat([encodeText(path), Buffer.of(0)]);
}

export function mount(
  target: string,
  options: { source?: string; type?: string; flags?: number; data?: string },
): void {
  const { source = null, type = null, flags = 0, data = null } = options;
  if (libc().mount(source, target, type, flags, data) !== 0)
    throw failure(type === null ? 'mount' : `mount ${type} on`, target);
}

export function umount(target: string, flags = 0): void {
  if (libc().umount2(target, flags) !== 0) throw failure('umount', target);
}

export function lsetxattr(path: string, name: string, options: { value: Uint8Array }): void {
  const { value } = options;
  if (libc().lsetxattr(cstring(path), cstring(name), value, value.length, 0) !== 0)
    throw failure(`setxattr ${name}`, path);
}

export function lremovexattr(path: string, name: string): void {
  if (libc().lremovexattr(cstring(path), cstring(name)) !== 0) throw failure(`removexattr ${name}`, path);
}

const shared = Buffer.allocUnsafeSlow(64 * 1024);

/** The attribute's value; undefined when the file does not have it or the filesystem has none. */
export function lgetxattr(path: string, name: string): Buffer | undefined {
  return asked(() => {
    const size: number = libc().lgetxattr(cstring(path), cstring(name), shared, shared.length);
    if (size >= 0) return Buffer.from(shared.subarray(0, size));
    const error = failure(`getxattr ${name}`, path);
    return error.code === 'ENODATA' || error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP' ? undefined : error;
  });
}

/**
 * Asks again when the answer is an error: errno is read by a call of its own, and what the JavaScript engine does in
 * between (a garbage collection) may have changed it.
 */
function asked<T>(ask: () => T | NodeJS.ErrnoException): T {
  for (let tries = 1; ; tries++) {
    const answer = ask();
    if (!(answer instanceof Error)) return answer;
    if (tries === 3) throw answer;
  }
}

const NONE: readonly string[] = [];

/** The attributes' names, as the kernel orders them. */
export function llistxattr(path: string): readonly string[] {
  return asked(() => {
    const size: number = libc().llistxattr(cstring(path), shared, shared.length);
    if (size === 0) return NONE;
    if (size > 0) return shared.toString('utf8', 0, size - 1).split('\0');
    const error = failure('listxattr', path);
    return error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP' ? NONE : error;
  });
}

/** `mode` has the file type in it (S_IF). In a user namespace only 0:0 devices and FIFOs can be made. */
export function mknod(path: string, mode: number, device: { major: number; minor: number }): void {
  const number = makeDevice(device.major, device.minor);
  if (libc().mknod(cstring(path), mode, number) !== 0) throw failure('mknod', path);
}

/** A device's number (st_rdev) in parts, as glibc's gnu_dev_major and gnu_dev_minor. */
export function deviceOf(rdev: number | bigint): { major: number; minor: number } {
  const device = BigInt(rdev);
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  };
}

function makeDevice(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (low & 0xffn) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | ((high & ~0xfffn) << 32n);
}

/** Sets both times exactly, of a symlink itself too. */
export function setTimes(path: string, seconds: number, nanoseconds: number): void {
  const times = new BigInt64Array([BigInt(seconds), BigInt(nanoseconds), BigInt(seconds), BigInt(nanoseconds)]);
  if (libc().utimensat(AT_FDCWD, cstring(path), times, AT_SYMLINK_NOFOLLOW) !== 0) throw failure('utimensat', path);
}

const SECOND = 1_000_000_000n;

/** setTimes, in nanoseconds since the epoch. */
export function setTimesNs(path: string, time: bigint): void {
  const rest = ((time % SECOND) + SECOND) % SECOND;
  setTimes(path, Number((time - rest) / SECOND), Number(rest));
}

/** Takes an exclusive flock(2) if it is free; the kernel lets it go when `fd` is closed, by death too. */
export function tryFlock(fd: number): boolean {
  if (libc().flock(fd, LOCK_EX_NB) === 0) return true;
  const error = failure('flock', `fd ${fd}`);
  if (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK') return false;
  throw error;
}

/** Changes the working directory without Node noticing: for one synchronous call and back. */
export function chdir(target: string | number): void {
  const result: number = typeof target === 'number' ? libc().fchdir(target) : libc().chdir(cstring(target));
  if (result !== 0) throw failure('chdir', String(target));
}

/** A new pipe(2), its reading and its writing end; both are closed on exec. */
export function pipe(): readonly [number, number] {
  const ends = new Int32Array(2);
  if (libc().pipe2(ends, O_CLOEXEC) !== 0) throw failure('pipe2', '');
  return [ends[0] ?? -1, ends[1] ?? -1];
}
