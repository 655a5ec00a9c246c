import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';

export interface ElfFacts {
  readonly machine: number;
  /** True when it needs no program loader (no PT_INTERP): it runs inside any root filesystem. */
  readonly isStatic: boolean;
}

const PT_INTERP = 3;

/** Reads the headers of an ELF file of this machine's byte order (elf(5)); undefined when it is none. */
export function readElf(file: string): ElfFacts | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    const header = Buffer.alloc(64);
    if (readSync(fd, header, 0, 64, 0) < 52 || header.readUInt32BE(0) !== 0x7f454c46) return undefined;
    const little = header[5] === 1;
    if (little !== (endianness() === 'LE')) return undefined;
    const wide = header[4] === 2;
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    const offset = wide ? Number(view.getBigUint64(32, little)) : view.getUint32(28, little);
    const size = view.getUint16(wide ? 54 : 42, little);
    const count = view.getUint16(wide ? 56 : 44, little);
    const table = Buffer.alloc(size * count);
    if (size < 4 || readSync(fd, table, 0, table.length, offset) < table.length) return undefined;
    const rows = new DataView(table.buffer, table.byteOffset, table.byteLength);
    let isStatic = true;
    for (let row = 0; row < count; row++) {
      if (rows.getUint32(row * size, little) === PT_INTERP) isStatic = false;
    }
    return { machine: view.getUint16(18, little), isStatic };
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}
