import { elfHeader, type ElfSegment, elfSegments, PT_INTERP, PT_LOAD } from '../util/elf-header.ts';
import { DISPATCHER_CODE } from './dispatcher/code.ts';

/** As dispatcher.ld has it; a border that suits kernels with pages of 4 to 64 KiB. */
const SEGMENT = 0x1_0000;
/** struct parameters of dispatcher.c: where it lies in the code, and the room for the environment in it. */
const PARAMETERS = 16;
const MAX_ENVIRONMENT = 232;
/** Elf64_Phdr, elf(5). */
const ROW = 56;
const PT_PHDR = 6;
const READ_WRITE = 6;
const READ_EXECUTE = 5;

const HOSTS: Readonly<Record<string, { readonly machine: number; readonly page: number } | undefined>> = {
  amd64: { machine: 62, page: 4096 },
  arm64: { machine: 183, page: SEGMENT },
};

/** An emulator with the dispatcher in it, or why there is none. */
export type Injection = { readonly program: Uint8Array } | { readonly refused: string };

/**
 * Puts the dispatcher into a static emulator, as code that runs before its own: wherever no pack is mounted, the program does
 * what it did. `environment` are QEMU's settings (`NAME=value`), given to it anew for every process. Two segments are
 * added behind all others: the code, readable and executable, with the table of segments at its end, and its
 * memory, readable and writable. Their offset in the file is their address less that of the file's first byte, as some
 * loaders want it of the table.
 */
export function injectDispatcher(
  emulator: Uint8Array,
  options: { readonly host: string; readonly environment: readonly string[] },
): Injection {
  const host = HOSTS[options.host];
  const code = DISPATCHER_CODE[options.host]?.code;
  if (host === undefined || code === undefined) return { refused: `there is no dispatcher for ${options.host}` };
  const old = Buffer.from(emulator.buffer, emulator.byteOffset, emulator.byteLength);
  const header = elfHeader(old);
  const fits = header?.wide === true && header.little && header.machine === host.machine && header.table.size === ROW;
  if (!fits) return { refused: `it is no 64-bit program for ${options.host}` };
  const rows = elfSegments(old.subarray(header.table.offset), header);
  const loads = rows.filter((row) => row.type === PT_LOAD);
  const first = loads[0];
  if (first === undefined || rows.some((row) => row.type === PT_INTERP)) return { refused: 'it is not static' };

  const base = first.address - first.offset;
  const end = Math.max(base + old.length, ...loads.map((row) => row.address + row.memory));
  const address = Math.ceil(end / SEGMENT) * SEGMENT;
  const offset = address - base;
  const dispatcher = Buffer.from(code, 'base64');
  const table = Math.ceil(dispatcher.length / 16) * 16;
  const tableSize = ROW * (rows.length + 2);
  if (base % SEGMENT !== 0 || table + tableSize > SEGMENT) return { refused: 'its table of segments is unusual' };

  const program = Buffer.alloc(offset + 2 * SEGMENT);
  old.copy(program);
  dispatcher.copy(program, offset);
  writeParameters(program.subarray(offset + PARAMETERS), {
    entry: Number(old.readBigUInt64LE(24)) - address,
    environment: options.environment,
  });
  const own: readonly ElfSegment[] = [
    { type: PT_LOAD, flags: READ_EXECUTE, offset, address, size: table + tableSize },
    { type: PT_LOAD, flags: READ_WRITE, offset: offset + SEGMENT, address: address + SEGMENT, size: SEGMENT },
  ].map((row) => ({ ...row, memory: row.size, align: host.page }));
  for (const [index, row] of [...rows, ...own].entries()) {
    const moved = { ...row, offset: offset + table, address: address + table, size: tableSize, memory: tableSize };
    writeRow(program.subarray(offset + table + index * ROW), row.type === PT_PHDR ? moved : row);
  }
  program.writeBigUInt64LE(BigInt(address), 24);
  program.writeBigUInt64LE(BigInt(offset + table), 32);
  program.writeUInt16LE(rows.length + 2, 56);
  return { program };
}

/** Elf64_Phdr, elf(5); `size` is in the file. */
function writeRow(at: Buffer, row: ElfSegment): void {
  at.writeUInt32LE(row.type, 0);
  at.writeUInt32LE(row.flags, 4);
  const fields = [row.offset, row.address, row.address, row.size, row.memory, row.align];
  for (const [index, value] of fields.entries()) at.writeBigUInt64LE(BigInt(value), 8 + index * 8);
}

function writeParameters(at: Buffer, parameters: { entry: number; environment: readonly string[] }): void {
  const text = Buffer.from(parameters.environment.map((entry) => `${entry}\0`).join(''));
  if (text.length >= MAX_ENVIRONMENT) throw new Error(`settings of ${text.length} bytes for an emulator`);
  at.writeBigInt64LE(BigInt(parameters.entry), 0);
  text.copy(at, 8);
}
