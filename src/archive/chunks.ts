/** Bytes of one chunk of a stream made here; also the block that gzip.ts compresses at once. */
export const CHUNK = 1024 * 1024;

/** Gathers small writes into chunks of exactly 1 MiB (the last may be shorter), each a buffer of its own. */
export class TarChunks {
  readonly #done: Buffer[] = [];
  #buffer = Buffer.allocUnsafeSlow(CHUNK);
  #used = 0;

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const room = this.room();
      const length = Math.min(room.length, bytes.length - at);
      room.set(at === 0 && length === bytes.length ? bytes : bytes.subarray(at, at + length));
      this.advance(length);
      at += length;
    }
  }

  /** The free part of the current chunk, never empty: for reading straight into it. */
  room(): Buffer {
    return this.#buffer.subarray(this.#used);
  }

  /** Counts `length` bytes that were put into `room()`. */
  advance(length: number): void {
    this.#used += length;
    if (this.#used < CHUNK) return;
    this.#done.push(this.#buffer);
    this.#buffer = Buffer.allocUnsafeSlow(CHUNK);
    this.#used = 0;
  }

  get hasFull(): boolean {
    return this.#done.length > 0;
  }

  /** Takes the chunks that are full. */
  full(): Buffer[] {
    return this.#done.splice(0);
  }

  /** Takes all that is left. */
  rest(): Buffer[] {
    if (this.#used > 0) this.#done.push(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
    return this.full();
  }
}

/** The same bytes in chunks of exactly 1 MiB, the last shorter; chunks that fit already pass uncopied. */
export async function* rechunk(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const chunks = new TarChunks();
  let aligned = true;
  for await (const chunk of source) {
    if (aligned && chunk.length === CHUNK) {
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      continue;
    }
    chunks.write(chunk);
    yield* chunks.full();
    aligned = chunks.room().length === CHUNK;
  }
  yield* chunks.rest();
}
