import type { SparseExtent } from './entry.ts';
import { BLOCK, invalid, parseNumber } from './header.ts';
import { parsePaxInteger } from './pax.ts';
import type { PaxRecords } from './pax.ts';

/*
 * GNU sparse files: the old format (type S) and PAX 0.0, 0.1 and 1.0.
 * https://www.gnu.org/software/tar/manual/html_node/Sparse-Formats.html
 */

/** The most extents that one file may have. */
const MAX_EXTENTS = 1_000_000;

/** Reads `count` offset-length pairs of an old-format block; an empty pair ends them. */
export function readSparseBlock(
  bytes: Buffer,
  at: number,
  options: { count: number; offset: number; into: SparseExtent[] },
): void {
  for (let i = 0; i < options.count; i++) {
    const place = at + i * 24;
    if (bytes[place] === 0 && bytes[place + 12] === 0) return;
    const offset = parseNumber(bytes, place, 12, options.offset);
    options.into.push({ offset, length: parseNumber(bytes, place + 12, 12, options.offset) });
  }
  if (options.into.length > MAX_EXTENTS) throw invalid('a sparse file has too many parts', options.offset);
}

/** The extents that PAX 0.0 and 0.1 records name; undefined when they name none. */
export function sparseFromRecords(records: PaxRecords, at: number): SparseExtent[] | undefined {
  const map = records.get('GNU.sparse.map');
  if (map !== undefined) return pairs(numbers(map, at), at);
  const offsets = records.get('GNU.sparse.offset');
  const lengths = records.get('GNU.sparse.numbytes');
  if (offsets === undefined || lengths === undefined) return undefined;
  const left = numbers(offsets, at);
  const right = numbers(lengths, at);
  return pairs(
    left.flatMap((offset, index) => [offset, right[index] ?? -1]),
    at,
  );
}

function numbers(value: Buffer, at: number): number[] {
  if (value.length === 0) return [];
  return value
    .toString('latin1')
    .split(',')
    .map((text) => parsePaxInteger(Buffer.from(text), at));
}

function pairs(list: readonly number[], at: number): SparseExtent[] {
  if (list.length % 2 !== 0) throw invalid('a sparse map is malformed', at);
  const extents: SparseExtent[] = [];
  for (let i = 0; i < list.length; i += 2) extents.push({ offset: list[i] ?? 0, length: list[i + 1] ?? 0 });
  return extents;
}

/** Collects the map that PAX 1.0 puts, as decimal lines padded to a block, before a file's data. */
export class SparseMapReader {
  readonly #at: number;
  readonly #numbers: number[] = [];
  #digits = '';
  #wanted = 1;

  constructor(at: number) {
    this.#at = at;
  }

  /** Takes one block; the extents once the map is whole. */
  block(bytes: Buffer, at: number): SparseExtent[] | undefined {
    for (let i = at; i < at + BLOCK; i++) {
      const byte = bytes[i] ?? 0;
      if (byte !== 0x0a) {
        this.#digits += String.fromCharCode(byte);
        if (this.#digits.length > 20) throw invalid('a sparse map is malformed', this.#at);
        continue;
      }
      const number = parsePaxInteger(Buffer.from(this.#digits), this.#at);
      this.#digits = '';
      this.#numbers.push(number);
      if (this.#numbers.length === 1) {
        if (number > MAX_EXTENTS) throw invalid('a sparse file has too many parts', this.#at);
        this.#wanted = 1 + number * 2;
      }
      if (this.#numbers.length === this.#wanted) return pairs(this.#numbers.slice(1), this.#at);
    }
    return undefined;
  }
}

/** Refuses maps that overlap, go back, pass the file's end or do not add up to the data that follows. */
export function checkSparse(
  extents: readonly SparseExtent[],
  options: { size: number; stored: number; at: number },
): void {
  let end = 0;
  let sum = 0;
  for (const { offset, length } of extents) {
    if (length < 0 || offset < end || offset + length > options.size)
      throw invalid('a sparse map is malformed', options.at);
    end = offset + length;
    sum += length;
  }
  if (sum !== options.stored) throw invalid('a sparse map does not match the data', options.at);
}
