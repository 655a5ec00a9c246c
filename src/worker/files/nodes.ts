import { deviceOf, mknod, S_IF } from '../../snapshot/syscalls.ts';
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
  mknod(path, TYPE_BITS[type === 'socket' ? 'file' : type] | 0o600, deviceOf(device));
}
