import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type ElfHeader, elfHeader, elfSegments, PT_NOTE } from '../util/elf-header.ts';
import { programHash } from './program-hash.ts';

/** By what the dispatcher knows a program again, wherever it lies and whatever its name is. */
export interface ProgramKey {
  /**
   * 32 bytes. By build-id: 1, its length, the build-id filled up with zeros to 22 bytes, the file's size in 8 bytes. By
   * content: 2, 7 zeros, the hash of the file's first and last 4096 bytes in 16, the size. Sizes are little-endian.
   */
  readonly bytes: Uint8Array;
  /** By content: the hash of the whole file, which the dispatcher compares when the key is a hit. */
  readonly content?: Uint8Array;
  /** ELF e_machine. */
  readonly machine: number;
}

export const KEY_SIZE = 32;
const PAGE = 4096;
const CHUNK = 1 << 20;
const MAX_NOTES = 2048;
const NT_GNU_BUILD_ID = 3;
const MAX_BUILD_ID = 20;

/**
 * The key of an ELF program or library of any architecture; undefined for another file and for one below 4096 bytes. The
 * GNU build-id counts (at most 20 bytes, in a note below 2048 bytes whose program header lies in the first 4096), with
 * the size, so that a stripped program is another one; without it the content does.
 */
export function programKey(file: string): ProgramKey | undefined {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const head = new Uint8Array(PAGE);
    if (readSync(fd, head, 0, PAGE, 0) < PAGE) return undefined;
    const header = elfHeader(head);
    if (header === undefined) return undefined;
    const { machine } = header;
    const buildId = findBuildId(fd, head, header);
    const bytes = new Uint8Array(KEY_SIZE);
    new DataView(bytes.buffer).setBigUint64(24, BigInt(size), true);
    if (buildId !== undefined) {
      bytes.set([1, buildId.length]);
      bytes.set(buildId, 2);
      return { bytes, machine };
    }
    const tail = new Uint8Array(PAGE);
    readSync(fd, tail, 0, PAGE, size - PAGE);
    const ends = programHash();
    ends.update(head);
    ends.update(tail);
    bytes[0] = 2;
    bytes.set(ends.digest(), 8);
    return { bytes, machine, content: hashContent(fd) };
  } finally {
    closeSync(fd);
  }
}

function hashContent(fd: number): Uint8Array {
  const hash = programHash();
  const chunk = new Uint8Array(CHUNK);
  for (let at = 0; ;) {
    const read = readSync(fd, chunk, 0, CHUNK, at);
    if (read > 0) hash.update(chunk.subarray(0, read));
    if (read < CHUNK) return hash.digest();
    at += read;
  }
}

/** Notes: elf(5), section "Notes". */
function findBuildId(fd: number, head: Uint8Array, header: ElfHeader): Uint8Array | undefined {
  const { offset, size, count } = header.table;
  if (offset + size * count > PAGE) return undefined;
  for (const segment of elfSegments(head.subarray(offset), header)) {
    const { type, offset: at, size: length } = segment;
    if (type !== PT_NOTE || length > MAX_NOTES) continue;
    const notes = new Uint8Array(length);
    if (readSync(fd, notes, 0, length, at) < length) continue;
    const found = buildIdNote(notes, header.little);
    if (found !== undefined) return found;
  }
  return undefined;
}

function buildIdNote(notes: Uint8Array, little: boolean): Uint8Array | undefined {
  const view = new DataView(notes.buffer);
  const aligned = (value: number): number => Math.ceil(value / 4) * 4;
  for (let at = 0; at + 16 <= notes.length;) {
    const name = view.getUint32(at, little);
    const size = view.getUint32(at + 4, little);
    const isGnu = name === 4 && view.getUint32(at + 12) === 0x474e5500;
    if (isGnu && view.getUint32(at + 8, little) === NT_GNU_BUILD_ID && size >= 1 && size <= MAX_BUILD_ID) {
      return at + 16 + size <= notes.length ? notes.subarray(at + 16, at + 16 + size) : undefined;
    }
    at += 12 + aligned(name) + aligned(size);
  }
  return undefined;
}
