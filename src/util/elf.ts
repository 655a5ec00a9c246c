import { closeSync, openSync, readSync } from 'node:fs';

/** What the headers of an ELF file say (the generic ABI, chapters 4 and 5). */
export interface ElfFacts {
  readonly bits: 32 | 64;
  readonly endian: 'little' | 'big';
  /** e_machine */
  readonly machine: number;
  /** e_type: 2 is a program at a fixed place, 3 one at any place or a shared library. */
  readonly type: number;
  /** e_flags */
  readonly flags: number;
  /** The loader that a dynamically linked program asks for (PT_INTERP). */
  readonly interpreter?: string;
}

/** An ELF header is no shorter. */
export const ELF_MINIMUM = 52;

const PT_INTERP = 3;
const MAX_ROWS = 4096;
const MAX_PATH = 4096;

/** Whether bytes from a file's beginning are those of an ELF file. */
export function isElf(start: Uint8Array): boolean {
  return start[0] === 0x7f && start[1] === 0x45 && start[2] === 0x4c && start[3] === 0x46;
}

/** Reads an open file's headers, wherever it is read at; undefined when it is no ELF file or a damaged one. */
export function readElf(fd: number): ElfFacts | undefined {
  const header = Buffer.alloc(64);
  if (readSync(fd, header, 0, header.length, 0) < ELF_MINIMUM || !isElf(header)) return undefined;
  const wide = header[4] === 2;
  const little = header[5] === 1;
  if ((!wide && header[4] !== 1) || (!little && header[5] !== 2)) return undefined;
  const view = viewOf(header);
  const interpreter = interpreterOf(fd, {
    wide,
    little,
    offset: wide ? Number(view.getBigUint64(32, little)) : view.getUint32(28, little),
    size: view.getUint16(wide ? 54 : 42, little),
    count: view.getUint16(wide ? 56 : 44, little),
  });
  return {
    bits: wide ? 64 : 32,
    endian: little ? 'little' : 'big',
    machine: view.getUint16(18, little),
    type: view.getUint16(16, little),
    flags: view.getUint32(wide ? 48 : 36, little),
    ...(interpreter === undefined ? {} : { interpreter }),
  };
}

/** As readElf, of a file by its name; undefined too when it cannot be read. */
export function readElfFile(file: string): ElfFacts | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    return readElf(fd);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

interface ProgramHeaders {
  readonly wide: boolean;
  readonly little: boolean;
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

function interpreterOf(fd: number, { wide, little, offset, size, count }: ProgramHeaders): string | undefined {
  if (size < (wide ? 56 : 32) || count > MAX_ROWS || !Number.isSafeInteger(offset)) return undefined;
  const table = Buffer.alloc(size * count);
  if (readSync(fd, table, 0, table.length, offset) < table.length) return undefined;
  const rows = viewOf(table);
  for (let at = 0; at < table.length; at += size) {
    if (rows.getUint32(at, little) !== PT_INTERP) continue;
    const start = wide ? Number(rows.getBigUint64(at + 8, little)) : rows.getUint32(at + 4, little);
    const length = wide ? Number(rows.getBigUint64(at + 32, little)) : rows.getUint32(at + 16, little);
    const path = Buffer.alloc(Math.min(length, MAX_PATH));
    if (!Number.isSafeInteger(start) || readSync(fd, path, 0, path.length, start) < path.length) return undefined;
    const end = path.indexOf(0);
    return path.toString('utf8', 0, end < 0 ? path.length : end);
  }
  return undefined;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
