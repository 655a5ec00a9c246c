import { decodeText, encodeText } from '../../archive/text.ts';
import type { EntryType } from '../files/tree.ts';
import type { ScanEntry } from './scan-entry.ts';

/*
 * Scan entries as one run of bytes: for the stat cache on disk and for the worker. Header (magic, count),
 * records of equal size, then the paths and link texts, each ended by a zero.
 */

const MAGIC = 0x31435350; // "PSC1"
const HEADER = 8;
const RECORD = 96;
const TYPES: readonly EntryType[] = ['file', 'directory', 'symlink', 'fifo', 'character', 'block', 'socket'];

const HAS_DIGEST = 1;
const ATTRIBUTES_KNOWN = 2;
const HAS_ATTRIBUTES = 4;
const HAS_OTHER_NAMES = 8;

export function packEntries(entries: readonly ScanEntry[]): Uint8Array {
  const text = encodeText(entries.map((entry) => `${entry.path}\0${entry.link}\0`).join(''));
  const bytes = Buffer.alloc(HEADER + entries.length * RECORD + text.length);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(entries.length, 4);
  let at = HEADER;
  for (const entry of entries) {
    bytes[at] = TYPES.indexOf(entry.type);
    bytes[at + 1] =
      (entry.sha256 === undefined ? 0 : HAS_DIGEST) |
      (entry.attributed === undefined ? 0 : ATTRIBUTES_KNOWN) |
      (entry.attributed === true ? HAS_ATTRIBUTES : 0) |
      (entry.linkId === undefined ? 0 : HAS_OTHER_NAMES);
    bytes.writeUInt16LE(entry.mode, at + 2);
    bytes.writeDoubleLE(entry.size, at + 8);
    bytes.writeBigInt64LE(entry.mtimeNs, at + 16);
    bytes.writeBigInt64LE(entry.ctimeNs, at + 24);
    bytes.writeBigUInt64LE(entry.dev, at + 32);
    bytes.writeBigUInt64LE(entry.ino, at + 40);
    bytes.writeBigUInt64LE(entry.device, at + 48);
    if (entry.sha256 !== undefined) bytes.write(entry.sha256, at + 64, 'hex');
    at += RECORD;
  }
  text.copy(bytes, at);
  return bytes;
}

/** Undefined for bytes that this version did not write. */
export function unpackEntries(packed: Uint8Array): ScanEntry[] | undefined {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  if (bytes.length < HEADER || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const count = bytes.readUInt32LE(4);
  const end = HEADER + count * RECORD;
  if (end > bytes.length) return undefined;
  const texts = decodeText(bytes.subarray(end)).split('\0');
  if (texts.length !== 2 * count + 1) return undefined;
  const entries: ScanEntry[] = [];
  for (let index = 0; index < count; index++) {
    const at = HEADER + index * RECORD;
    const flags = bytes[at + 1] ?? 0;
    const [dev, ino] = [bytes.readBigUInt64LE(at + 32), bytes.readBigUInt64LE(at + 40)];
    entries.push({
      path: texts[2 * index] ?? '',
      type: TYPES[bytes[at] ?? 0] ?? 'file',
      mode: bytes.readUInt16LE(at + 2),
      uid: 0,
      gid: 0,
      size: bytes.readDoubleLE(at + 8),
      mtimeNs: bytes.readBigInt64LE(at + 16),
      ...((flags & HAS_OTHER_NAMES) === 0 ? {} : { linkId: `${dev}:${ino}` }),
      device: bytes.readBigUInt64LE(at + 48),
      link: texts[2 * index + 1] ?? '',
      ctimeNs: bytes.readBigInt64LE(at + 24),
      dev,
      ino,
      sha256: (flags & HAS_DIGEST) === 0 ? undefined : bytes.toString('hex', at + 64, at + 96),
      attributed: (flags & ATTRIBUTES_KNOWN) === 0 ? undefined : (flags & HAS_ATTRIBUTES) !== 0,
    });
  }
  return entries;
}
