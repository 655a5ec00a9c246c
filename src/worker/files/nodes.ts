import { mknod, S_IF } from '../../snapshot/syscalls.ts';
import type { EntryType } from './tree.ts';

const TYPE_BITS: Readonly<Record<'fifo' | 'character' | 'block' | 'file', number>> = {
  fifo: S_IF.FIFO,
  character: S_IF.CHR,
  block: S_IF.BLK,
  file: S_IF.REG,
};

/**
 * Makes a fifo or a device. A socket is nothing without its program: an empty file stands for it.
 *
 * @param device as in st_rdev
 */
export function makeNode(path: string, type: Exclude<EntryType, 'directory' | 'symlink'>, device: bigint): void {
  mknod(path, TYPE_BITS[type === 'socket' ? 'file' : type] | 0o600, {
    // glibc's gnu_dev_major and gnu_dev_minor
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  });
}
