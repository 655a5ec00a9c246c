import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { SparseExtent, TarEntry } from './entry.ts';
import { BLOCK, invalid, isZeroBlock, MEMBER_TYPES, parseHeader, parseNumber } from './header.ts';
import type { RawHeader } from './header.ts';
import { buildEntry, sparseVersion } from './member.ts';
import { parsePax, parsePaxInteger } from './pax.ts';
import type { PaxRecords } from './pax.ts';
import { checkSparse, readSparseBlock, SparseMapReader } from './sparse.ts';
import { decodeText } from './text.ts';

/** Receives an archive's members in order: entry, data of files, end. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** `bytes` is valid only during the call; `position` is its place in the file. */
  data(bytes: Buffer, position: number): void;
  end(): void;
}

const EMPTY = Buffer.alloc(0);

/**
 * Reads a tar archive that comes in chunks of any size: ustar, GNU (long names, sparse, base-256) and PAX
 * (global headers too). Copies no file data. Fails with ARCHIVE_INVALID, ARCHIVE_TRUNCATED,
 * ARCHIVE_UNSUPPORTED or ARCHIVE_TOO_LARGE (the bounds of LIMITS).
 */
export class TarParser {
  readonly #sink: TarSink;
  #state: 'header' | 'meta' | 'sparse-block' | 'sparse-map' | 'data' | 'padding' | 'end' = 'header';
  /** A block that the last chunk began. */
  #carry: Buffer = EMPTY;
  /** Bytes read before the current chunk. */
  #offset = 0;
  #zeroBlocks = 0;
  #entries = 0;
  #total = 0;

  readonly #globals: PaxRecords = new Map();
  #locals: PaxRecords | undefined;
  #longName: string | undefined;
  #longLink: string | undefined;

  #meta: { readonly typeflag: string; readonly size: number; readonly parts: Buffer[] } | undefined;
  #header: RawHeader | undefined;
  #extents: SparseExtent[] | undefined;
  #realSize = 0;
  #map: SparseMapReader | undefined;

  /** Bytes of data or metadata still to come, and of padding after them. */
  #remaining = 0;
  #padding = 0;
  #position = 0;
  #extent = 0;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  write(chunk: Uint8Array): void {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case 'header':
        case 'sparse-block':
        case 'sparse-map':
          at = this.#block(bytes, at);
          break;
        case 'meta':
        case 'data': {
          const length = Math.min(this.#remaining, bytes.length - at);
          const piece = bytes.subarray(at, at + length);
          if (this.#state === 'data') this.#data(piece);
          else this.#meta?.parts.push(Buffer.from(piece));
          at += length;
          this.#remaining -= length;
          if (this.#remaining === 0) this.#finishBody();
          break;
        }
        case 'padding': {
          const length = Math.min(this.#padding, bytes.length - at);
          at += length;
          this.#padding -= length;
          if (this.#padding === 0) this.#state = 'header';
          break;
        }
        case 'end':
          at = bytes.length;
          break;
      }
    }
    this.#offset += bytes.length;
  }

  /** Call after the last chunk: fails when the archive stops inside a member. */
  finish(): void {
    const between = (this.#state === 'header' && this.#carry.length === 0) || this.#state === 'end';
    if (between && this.#locals === undefined && this.#longName === undefined) return;
    throw new PolyarchError('ARCHIVE_TRUNCATED', `the tar archive stops after ${this.#offset} bytes, inside a member`);
  }

  /** Reads one whole block at `at`, or keeps what there is of it; the place after it. */
  #block(bytes: Buffer, at: number): number {
    if (this.#carry.length === 0 && bytes.length - at >= BLOCK) {
      this.#takeBlock(bytes, at, this.#offset + at);
      return at + BLOCK;
    }
    const take = Math.min(BLOCK - this.#carry.length, bytes.length - at);
    const block = Buffer.concat([this.#carry, bytes.subarray(at, at + take)]);
    this.#carry = block.length < BLOCK ? block : EMPTY;
    if (block.length === BLOCK) this.#takeBlock(block, 0, this.#offset + at + take - BLOCK);
    return at + take;
  }

  #takeBlock(bytes: Buffer, at: number, offset: number): void {
    if (this.#state === 'header') return this.#takeHeader(bytes, at, offset);
    if (this.#state === 'sparse-block') {
      readSparseBlock(bytes, at, { count: 21, offset, into: (this.#extents ??= []) });
      if (bytes[at + 504] === 0) this.#startMember(offset);
      return;
    }
    this.#remaining -= BLOCK;
    if (this.#remaining < 0) throw invalid('a sparse map is malformed', offset);
    this.#extents = this.#map?.block(bytes, at);
    if (this.#extents !== undefined) this.#startMember(offset);
  }

  #takeHeader(bytes: Buffer, at: number, offset: number): void {
    if (bytes[at] === 0 && isZeroBlock(bytes, at)) {
      if (++this.#zeroBlocks === 2) this.#state = 'end';
      return;
    }
    if (this.#zeroBlocks > 0) throw invalid('a lone zero block', offset);
    const header = parseHeader(bytes, at, offset);
    switch (header.typeflag) {
      case 'x':
      case 'X':
      case 'g':
      case 'L':
      case 'K':
        return this.#startMeta(header);
      case 'V': // a volume label
        return this.#skip(header.size);
    }
    if (MEMBER_TYPES[header.typeflag] === undefined) {
      throw new PolyarchError(
        'ARCHIVE_UNSUPPORTED',
        `tar, byte ${offset}: ${header.path} is of the unknown type ${JSON.stringify(header.typeflag)}`,
      );
    }
    this.#header = header;
    this.#extents = undefined;
    this.#map = undefined;
    this.#remaining = header.size;
    const stored = this.#locals?.get('size') ?? this.#globals.get('size');
    if (stored !== undefined && stored.length > 0) this.#remaining = parsePaxInteger(stored, offset);
    if (this.#remaining < 0) throw invalid('a size is negative', offset);
    if (header.typeflag === 'S') return this.#startOldSparse(bytes, at, offset);
    if (sparseVersion(this.#locals) === '1.0') {
      // The map and the data share the stored size; the padding comes after both.
      this.#padding = -this.#remaining & (BLOCK - 1);
      this.#map = new SparseMapReader(offset);
      this.#state = 'sparse-map';
      return;
    }
    this.#startMember(offset);
  }

  #startMeta(header: RawHeader): void {
    if (header.size > LIMITS.paxBytes) {
      throw new PolyarchError(
        'ARCHIVE_TOO_LARGE',
        `the tar archive has ${header.size} bytes of names and attributes for one member (at most ${LIMITS.paxBytes})`,
      );
    }
    this.#meta = { typeflag: header.typeflag, size: header.size, parts: [] };
    this.#remaining = header.size;
    this.#padding = -header.size & (BLOCK - 1);
    this.#state = 'meta';
    if (header.size === 0) this.#finishBody();
  }

  #finishMeta(): void {
    const { typeflag, parts } = this.#meta ?? { typeflag: '', parts: [] };
    const bytes = parts.length === 1 ? (parts[0] ?? EMPTY) : Buffer.concat(parts);
    this.#meta = undefined;
    const text = () => decodeText(bytes.subarray(0, bytes.includes(0) ? bytes.indexOf(0) : bytes.length));
    if (typeflag === 'L') this.#longName = text();
    else if (typeflag === 'K') this.#longLink = text();
    else if (typeflag === 'g') for (const [key, value] of parsePax(bytes, this.#offset)) this.#globals.set(key, value);
    else this.#locals = parsePax(bytes, this.#offset);
  }

  #startOldSparse(bytes: Buffer, at: number, offset: number): void {
    this.#extents = [];
    readSparseBlock(bytes, at + 386, { count: 4, offset, into: this.#extents });
    this.#realSize = parseNumber(bytes, at + 483, 12, offset);
    if (bytes[at + 482] === 0) this.#startMember(offset);
    else this.#state = 'sparse-block';
  }

  #startMember(offset: number): void {
    const header = this.#header;
    if (header === undefined) throw new Error('a member without a header');
    const entry = buildEntry(header, {
      globals: this.#globals,
      locals: this.#locals,
      longName: this.#longName,
      longLink: this.#longLink,
      stored: this.#remaining,
      extents: this.#extents,
      realSize: this.#realSize,
      offset,
    });
    this.#locals = this.#longName = this.#longLink = undefined;
    if (entry.sparse !== undefined)
      checkSparse(entry.sparse, { size: entry.size, stored: this.#remaining, at: offset });
    this.#extents = entry.sparse === undefined ? undefined : [...entry.sparse];
    // Only files have data; GNU's dump folders ('D') have a list to pass over.
    if (entry.type !== 'file' && header.typeflag !== 'D') this.#remaining = 0;
    if (this.#map === undefined) this.#padding = -this.#remaining & (BLOCK - 1);
    this.#count(entry);
    this.#sink.entry(entry);
    if (entry.type !== 'file') {
      this.#sink.end();
      return this.#skip(this.#remaining);
    }
    this.#position = 0;
    this.#extent = 0;
    this.#state = 'data';
    if (this.#remaining === 0) this.#finishBody();
  }

  #count(entry: TarEntry): void {
    this.#total += entry.size;
    if (++this.#entries > LIMITS.archiveEntries) {
      throw new PolyarchError('ARCHIVE_TOO_LARGE', `the tar archive has more than ${LIMITS.archiveEntries} members`);
    }
    if (this.#total > LIMITS.archiveBytes) {
      throw new PolyarchError(
        'ARCHIVE_TOO_LARGE',
        `the tar archive expands to more than ${LIMITS.archiveBytes} bytes (at ${entry.path})`,
      );
    }
  }

  #data(piece: Buffer): void {
    if (this.#extents === undefined) {
      this.#sink.data(piece, this.#position);
      this.#position += piece.length;
      return;
    }
    for (let at = 0; at < piece.length;) {
      const extent = this.#extents[this.#extent];
      if (extent === undefined) return;
      const length = Math.min(extent.length - this.#position, piece.length - at);
      if (length > 0) this.#sink.data(piece.subarray(at, at + length), extent.offset + this.#position);
      at += length;
      this.#position += length;
      if (this.#position === extent.length) {
        this.#extent++;
        this.#position = 0;
      }
    }
  }

  #finishBody(): void {
    if (this.#state === 'data') this.#sink.end();
    else if (this.#meta !== undefined) this.#finishMeta();
    this.#state = this.#padding > 0 ? 'padding' : 'header';
  }

  #skip(size: number): void {
    this.#padding = Math.ceil(size / BLOCK) * BLOCK;
    this.#state = this.#padding > 0 ? 'padding' : 'header';
  }
}
