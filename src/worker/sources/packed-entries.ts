import { decodeText, encodeText } from '../../archive/text.ts';
import type { EntryType } from '../files/tree.ts';
import type { ScanEntry } from './scan-entry.ts';

/*
 * Scan entries as one run of bytes: for the stat cache on disk and for the worker. Header (magic, count),
 * records of equal size, then the paths and link texts, each ended by a zero. Numbers of eight bytes are
 * in this machine's order: the bytes never leave it.
 */

const MAGIC = 0x32435350; // "PSC2"
const HEADER = 8;
/** Bytes of a record: type, flags, mode, six numbers, digest. */
const RECORD = 96;
const WORDS = RECORD / 8;
const DIGEST_AT = 64;
const TYPES: readonly EntryType[] = ['file', 'directory', 'symlink', 'fifo', 'character', 'block', 'socket'];

const HAS_DIGEST = 1;
const ATTRIBUTES_KNOWN = 2;
const HAS_ATTRIBUTES = 4;
const HAS_OTHER_NAMES = 8;

export function packEntries(entries: readonly ScanEntry[]): Uint8Array {
  let names = '';
  for (const entry of entries) names += `${entry.path}\0${entry.link}\0`;
  const text = encodeText(names);
  const bytes = Buffer.alloc(HEADER + entries.length * RECORD + text.length);
  const words = new BigInt64Array(bytes.buffer, bytes.byteOffset, 1 + entries.length * WORDS);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(entries.length, 4);
  for (const [index, entry] of entries.entries()) {
    const at = HEADER + index * RECORD;
    bytes[at] = TYPES.indexOf(entry.type);
    bytes[at + 1] =
      (entry.sha256 === undefined ? 0 : HAS_DIGEST) |
      (entry.attributed === undefined ? 0 : ATTRIBUTES_KNOWN) |
      (entry.attributed === true ? HAS_ATTRIBUTES : 0) |
      (entry.linkId === undefined ? 0 : HAS_OTHER_NAMES);
    bytes.writeUInt16LE(entry.mode, at + 2);
    words.set([BigInt(entry.size), entry.mtimeNs, entry.ctimeNs, entry.dev, entry.ino, entry.device], at / 8 + 1);
    if (entry.sha256 !== undefined) bytes.write(entry.sha256, at + DIGEST_AT, 'hex');
  }
  text.copy(bytes, HEADER + entries.length * RECORD);
  return bytes;
}

/** Packed entries, read one by one where they are needed. */
export class PackedEntries {
  readonly #bytes: Buffer;
  readonly #words: BigInt64Array;
  readonly #texts: readonly string[];
  #byPath: Map<string, number> | undefined;
  readonly count: number;

  private constructor(bytes: Buffer, count: number, texts: readonly string[]) {
    this.#bytes = bytes;
    this.#words = new BigInt64Array(bytes.buffer, bytes.byteOffset, 1 + count * WORDS);
    this.#texts = texts;
    this.count = count;
  }

  /** Undefined for bytes that this version did not write. */
  static open(packed: Uint8Array): PackedEntries | undefined {
    // Numbers must lie at multiples of eight.
    const aligned = packed.byteOffset % 8 === 0 ? packed : new Uint8Array(packed);
    const bytes = Buffer.from(aligned.buffer, aligned.byteOffset, aligned.byteLength);
    if (bytes.length < HEADER || bytes.readUInt32LE(0) !== MAGIC) return undefined;
    const count = bytes.readUInt32LE(4);
    const end = HEADER + count * RECORD;
    if (end > bytes.length) return undefined;
    const texts = decodeText(bytes.subarray(end)).split('\0');
    return texts.length === 2 * count + 1 ? new PackedEntries(bytes, count, texts) : undefined;
  }

  pathAt(index: number): string | undefined {
    return this.#texts[2 * index];
  }

  /** Where the path is; `guess` is looked at first. */
  indexOf(path: string, guess: number): number | undefined {
    if (this.#texts[2 * guess] === path && guess < this.count) return guess;
    if (this.#byPath === undefined) {
      this.#byPath = new Map();
      for (let index = 0; index < this.count; index++) this.#byPath.set(this.#texts[2 * index] ?? '', index);
    }
    return this.#byPath.get(path);
  }

  /** True when the entry is of the same type, size and times, and the same inode, as the packed one. */
  isUnchanged(index: number, entry: ScanEntry): boolean {
    const at = 1 + index * WORDS;
    const words = this.#words;
    return (
      words[at + 3] === entry.ctimeNs &&
      words[at + 2] === entry.mtimeNs &&
      words[at + 5] === BigInt.asIntN(64, entry.ino) &&
      words[at + 4] === BigInt.asIntN(64, entry.dev) &&
      Number(words[at + 1]) === entry.size &&
      TYPES[this.#bytes[at * 8] ?? 0] === entry.type
    );
  }

  sha256At(index: number): string | undefined {
    const at = HEADER + index * RECORD;
    return ((this.#bytes[at + 1] ?? 0) & HAS_DIGEST) === 0
      ? undefined
      : this.#bytes.toString('hex', at + DIGEST_AT, at + DIGEST_AT + 32);
  }

  attributedAt(index: number): boolean | undefined {
    const flags = this.#bytes[HEADER + index * RECORD + 1] ?? 0;
    return (flags & ATTRIBUTES_KNOWN) === 0 ? undefined : (flags & HAS_ATTRIBUTES) !== 0;
  }

  entryAt(index: number): ScanEntry {
    const at = HEADER + index * RECORD;
    const [size = 0n, mtimeNs = 0n, ctimeNs = 0n, dev = 0n, ino = 0n, device = 0n] = this.#words.subarray(
      at / 8 + 1,
      at / 8 + 7,
    );
    return {
      path: this.#texts[2 * index] ?? '',
      type: TYPES[this.#bytes[at] ?? 0] ?? 'file',
      mode: this.#bytes.readUInt16LE(at + 2),
      uid: 0,
      gid: 0,
      size: Number(size),
      mtimeNs,
      linkId: ((this.#bytes[at + 1] ?? 0) & HAS_OTHER_NAMES) === 0 ? undefined : `${dev}:${ino}`,
      device,
      link: this.#texts[2 * index + 1] ?? '',
      ctimeNs,
      dev: BigInt.asUintN(64, dev),
      ino: BigInt.asUintN(64, ino),
      sha256: this.sha256At(index),
      attributed: this.attributedAt(index),
    };
  }

  /** All of them, unpacked. */
  entries(): ScanEntry[] {
    return Array.from({ length: this.count }, (_, index) => this.entryAt(index));
  }
}
