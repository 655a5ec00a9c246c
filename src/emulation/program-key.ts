import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type ElfHeader, elfHeader, elfSegments, PT_NOTE } from '../util/elf-header.ts';
import { programHash } from './program-hash.ts';

/** By what the dispatcher knows a program again, wherever it lies and whatever its name is. */
export interface ProgramKey {
  /**
   * 32 bytes. By build-id: 1 for GNU's and 3 for Go's, its length, the build-id filled up with zeros to 22 bytes, the file's size in 8
   * bytes; of Go's the last part, the hash of the content. By content: 2, 7 zeros, the hash of the file's first and last 4096 bytes in 16, the size. Sizes are little-endian.
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
/** cmd/internal/buildid: the note of a Go build ID, and the length of its last part. */
const GO_BUILD_ID = 4;
const GO_CONTENT = 20;
/** The first byte of a key. */
const [GNU_KEY, GO_KEY] = [1, 3];

/**
 * The key of an ELF program or library of any architecture; undefined for another file and for one below 4096 bytes. The
 * GNU build-id counts (at most 20 bytes, in a note below 2048 bytes whose program header lies in the first 4096), or Go's, with
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
      bytes.set([buildId.kind, buildId.id.length]);
      bytes.set(buildId.id, 2);
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
interface BuildId {
  readonly kind: number;
  readonly id: Uint8Array;
}

function findBuildId(fd: number, head: Uint8Array, header: ElfHeader): BuildId | undefined {
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

function buildIdNote(notes: Uint8Array, little: boolean): BuildId | undefined {
  const view = new DataView(notes.buffer);
  const aligned = (value: number): number => Math.ceil(value / 4) * 4;
  for (let at = 0; at + 16 <= notes.length;) {
    const name = view.getUint32(at, little);
    const size = view.getUint32(at + 4, little);
    const owner = name === 4 ? view.getUint32(at + 12) : 0;
    const type = view.getUint32(at + 8, little);
    const data = notes.subarray(at + 16, at + 16 + size);
    if (owner === 0x474e5500 && type === NT_GNU_BUILD_ID && size >= 1 && size <= MAX_BUILD_ID) {
      return data.length === size ? { kind: GNU_KEY, id: data } : undefined;
    }
    const isGo = owner === 0x476f0000 && type === GO_BUILD_ID && size > GO_CONTENT && data.length === size;
    if (isGo && data.at(-GO_CONTENT - 1) === 0x2f) return { kind: GO_KEY, id: data.subarray(-GO_CONTENT) };
    at += 12 + aligned(name) + aligned(size);
  }
  return undefined;
}
