import { closeSync, openSync, readSync } from 'node:fs';
import { ELF_HEADER, type ElfHeader, elfHeader, elfSegments, PT_INTERP } from './elf-header.ts';

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

const MAX_ROWS = 4096;
const MAX_PATH = 4096;

/** Reads an open file's headers, wherever it is read at; undefined when it is no ELF file or a damaged one. */
export function readElf(fd: number): ElfFacts | undefined {
  const start = Buffer.alloc(ELF_HEADER);
  const header = elfHeader(start.subarray(0, readSync(fd, start, 0, start.length, 0)));
  if (header === undefined) return undefined;
  const interpreter = interpreterOf(fd, header);
  return {
    bits: header.wide ? 64 : 32,
    endian: header.little ? 'little' : 'big',
    machine: header.machine,
    type: header.type,
    flags: header.flags,
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

function interpreterOf(fd: number, header: ElfHeader): string | undefined {
  const { offset, size, count } = header.table;
  if (count > MAX_ROWS || !Number.isSafeInteger(offset)) return undefined;
  const table = Buffer.alloc(size * count);
  if (readSync(fd, table, 0, table.length, offset) < table.length) return undefined;
  const segment = elfSegments(table, header).find(({ type }) => type === PT_INTERP);
  if (segment === undefined) return undefined;
  const path = Buffer.alloc(Math.min(segment.size, MAX_PATH));
  if (!Number.isSafeInteger(segment.offset) || readSync(fd, path, 0, path.length, segment.offset) < path.length)
    return undefined;
  const end = path.indexOf(0);
  return path.toString('utf8', 0, end < 0 ? path.length : end);
}
