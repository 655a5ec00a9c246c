import { PolyarchError } from '../util/error.ts';

/*
 * Node's zstd decoder stops at the end of a frame when the same chunk goes on with another one, and at a
 * skippable frame. So the frames are told apart here. RFC 8878, 3.1.
 */

const MAGIC = 0xfd2fb528;

/** The bytes of each field that must be looked at; bodies pass unread. */
type Field = 'magic' | 'descriptor' | 'block' | 'skip-size';

/**
 * The same zstd data in chunks that never hold the end of one frame and the start of the next, without
 * skippable frames. Fails with ARCHIVE_INVALID or ARCHIVE_TRUNCATED.
 */
export async function* splitZstdFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frames = new FrameReader();
  for await (const chunk of source) yield* frames.split(chunk);
  frames.finish();
}

const LENGTHS: Readonly<Record<Field, number>> = { magic: 4, descriptor: 1, block: 3, 'skip-size': 4 };

class FrameReader {
  #field: Field | undefined = 'magic';
  /** The current field's value, and how many of its bytes came. */
  #value = 0;
  #count = 0;
  /** Bytes to pass before the next field, and what that is; `end` is the frame's end. */
  #pass = 0;
  #next: Field | 'end' = 'descriptor';
  #skipping = false;
  #checksum = 0;

  *split(chunk: Buffer): Generator<Buffer> {
    let start = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#field === undefined) {
        const length = Math.min(this.#pass, chunk.length - at);
        at += length;
        this.#pass -= length;
      } else {
        this.#value += (chunk[at++] ?? 0) * 2 ** (8 * this.#count++);
        if (this.#count === LENGTHS[this.#field]) {
          const field = this.#field;
          this.#take(field, this.#value);
          // The magic number is held back until it is known that the frame has data.
          if (field === 'magic') {
            start = at;
            if (!this.#skipping) yield Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
          }
        } else if (this.#field === 'magic') start = at;
      }
      if (this.#field !== undefined || this.#pass > 0) continue;
      if (this.#next !== 'end') {
        this.#begin(this.#next);
        continue;
      }
      if (!this.#skipping && at > start) yield chunk.subarray(start, at);
      start = at;
      this.#begin('magic');
    }
    if (!this.#skipping && at > start) yield chunk.subarray(start, at);
  }

  finish(): void {
    if (this.#field === 'magic' && this.#count === 0) return;
    throw new PolyarchError('ARCHIVE_TRUNCATED', 'the zstd data stops inside a frame');
  }

  #begin(field: Field): void {
    this.#field = field;
    this.#value = 0;
    this.#count = 0;
  }

  #take(field: Field, value: number): void {
    this.#field = undefined;
    this.#pass = 0;
    switch (field) {
      case 'magic':
        this.#skipping = Math.floor(value / 16) === 0x184d2a5;
        if (!this.#skipping && value !== MAGIC)
          throw new PolyarchError('ARCHIVE_INVALID', 'the zstd data is followed by something else');
        this.#next = this.#skipping ? 'skip-size' : 'descriptor';
        break;
      case 'skip-size':
        this.#pass = value;
        this.#next = 'end';
        break;
      case 'descriptor': {
        const single = (value & 0x20) !== 0;
        const contentSize = [single ? 1 : 0, 2, 4, 8][value >> 6] ?? 0;
        this.#checksum = (value & 4) === 0 ? 0 : 4;
        this.#pass = (single ? 0 : 1) + ([0, 1, 2, 4][value & 3] ?? 0) + contentSize;
        this.#next = 'block';
        break;
      }
      case 'block': {
        const last = (value & 1) !== 0;
        const runLength = ((value >> 1) & 3) === 1;
        this.#pass = (runLength ? 1 : value >> 3) + (last ? this.#checksum : 0);
        this.#next = last ? 'end' : 'block';
        break;
      }
    }
  }
}
