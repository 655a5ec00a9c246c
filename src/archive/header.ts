import { PolyarchError } from '../util/error.ts';
import type { TarEntryType } from './entry.ts';
import { decodeText } from './text.ts';

/*
 * The 512-byte header block: POSIX.1-1988 (ustar) with GNU tar's and star's variants.
 * https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */

export const BLOCK = 512;

/** The fields of one header block, before PAX records and GNU long names are laid over them. */
export interface RawHeader {
  readonly typeflag: string;
  readonly path: string;
  readonly linkname: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly uname: string;
  readonly gname: string;
  readonly devMajor: number;
  readonly devMinor: number;
}

/** Type flags of members that become files, folders and so on; others carry metadata or are refused. */
export const MEMBER_TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  D: 'directory',
  '6': 'fifo',
};

export function invalid(message: string, at: number): PolyarchError {
  return new PolyarchError('ARCHIVE_INVALID', `tar, byte ${at}: ${message}`, { details: { offset: at } });
}

export function isZeroBlock(bytes: Buffer, at: number): boolean {
  for (let i = at; i < at + BLOCK; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Parses the block at `at`; `offset` is its place in the archive, for messages. Fails with ARCHIVE_INVALID. */
export function parseHeader(bytes: Buffer, at: number, offset: number): RawHeader {
  checkSum(bytes, at, offset);
  const magic = bytes.toString('latin1', at + 257, at + 265);
  const posix = magic.startsWith('ustar\0');
  const modern = posix || magic === 'ustar  \0';
  const name = field(bytes, at, 100);
  const prefix = posix
    ? field(bytes, at + 345, bytes.toString('latin1', at + 508, at + 512) === 'tar\0' ? 131 : 155)
    : '';
  return {
    typeflag: String.fromCharCode(bytes[at + 156] ?? 0),
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkname: bytes[at + 157] === 0 ? '' : field(bytes, at + 157, 100),
    mode: parseNumber(bytes, at + 100, 8, offset) & 0o7777,
    uid: parseNumber(bytes, at + 108, 8, offset),
    gid: parseNumber(bytes, at + 116, 8, offset),
    size: parseNumber(bytes, at + 124, 12, offset),
    mtime: parseNumber(bytes, at + 136, 12, offset),
    uname: modern && bytes[at + 265] !== 0 ? field(bytes, at + 265, 32) : '',
    gname: modern && bytes[at + 297] !== 0 ? field(bytes, at + 297, 32) : '',
    devMajor: modern ? parseNumber(bytes, at + 329, 8, offset) : 0,
    devMinor: modern ? parseNumber(bytes, at + 337, 8, offset) : 0,
  };
}

/** A number field: octal digits, or GNU's base-256 two's complement when the first bit is set. */
export function parseNumber(bytes: Buffer, at: number, length: number, offset: number): number {
  const first = bytes[at] ?? 0;
  if ((first & 0x80) !== 0) return parseBinary(bytes, at, length, offset);
  let value = 0;
  let digits = 0;
  for (let i = at; i < at + length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 0x30 && byte <= 0x37) {
      value = value * 8 + byte - 0x30;
      digits++;
    } else if (byte === 0 || byte === 0x20) {
      if (digits > 0) break;
    } else {
      throw invalid(`a number field holds the byte ${byte}`, offset);
    }
  }
  return value;
}

function parseBinary(bytes: Buffer, at: number, length: number, offset: number): number {
  const first = bytes[at] ?? 0;
  const negative = (first & 0x40) !== 0;
  let value = BigInt(negative ? first | ~0xff : first & 0x7f);
  for (let i = at + 1; i < at + length; i++) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw invalid('a number is out of range', offset);
  return result;
}

function field(bytes: Buffer, at: number, length: number): string {
  let end = bytes.indexOf(0, at);
  if (end === -1 || end > at + length) end = at + length;
  return decodeText(bytes.subarray(at, end));
}

/** The sum of all bytes with the sum's own field as spaces; some old writers summed signed bytes. */
function checkSum(bytes: Buffer, at: number, offset: number): void {
  let unsigned = 256;
  let high = 0;
  for (let i = at; i < at + BLOCK; i++) {
    const byte = bytes[i] ?? 0;
    unsigned += byte;
    if (byte > 127) high++;
  }
  for (let i = at + 148; i < at + 156; i++) {
    const byte = bytes[i] ?? 0;
    unsigned -= byte;
    if (byte > 127) high--;
  }
  const stored = parseNumber(bytes, at + 148, 8, offset);
  if (stored !== unsigned && stored !== unsigned - 256 * high) throw invalid('the header has a wrong checksum', offset);
}
