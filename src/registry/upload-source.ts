import { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { messageOf } from '../util/error.ts';
import { RegistryFailure } from './failure.ts';

export interface UploadSourceOptions {
  /** The content from its start. */
  readonly content: Readable;
  /** Gives the content from its start once more. */
  readonly reopen?: () => Promise<Readable>;
  readonly descriptor: Descriptor;
  /** Named by failures. */
  readonly subject: string;
}

/**
 * A blob's bytes by position, read from a stream. What was read since the last `release` is kept, so that it
 * can be sent again; with `reopen` nothing is kept and going back reads the content anew.
 */
export class UploadSource {
  readonly #options: UploadSourceOptions;
  #content: Readable;
  #chunks: AsyncIterator<Uint8Array>;
  #kept: Uint8Array[] = [];
  /** Position of the first kept byte, and of the next one to be read. */
  #keptFrom = 0;
  #position = 0;
  #pulling: Promise<boolean> | undefined;
  /** What is wrong with the content itself: no new connection mends that. */
  failure: Error | undefined;

  constructor(options: UploadSourceOptions) {
    this.#options = options;
    this.#content = options.content;
    this.#chunks = chunksOf(options.content);
  }

  get canRewind(): boolean {
    return this.#options.reopen !== undefined;
  }

  /** True while the bytes from `offset` on can be had. */
  has(offset: number): boolean {
    return this.canRewind || offset >= this.#keptFrom;
  }

  /** Bytes before `offset` are not asked for again. */
  release(offset: number): void {
    let first = this.#kept[0];
    while (first !== undefined && this.#keptFrom + first.length <= offset) {
      this.#kept.shift();
      this.#keptFrom += first.length;
      first = this.#kept[0];
    }
    if (first === undefined) this.#keptFrom = this.#position;
    else if (offset > this.#keptFrom) {
      this.#kept[0] = first.subarray(offset - this.#keptFrom);
      this.#keptFrom = offset;
    }
  }

  /** Exactly `length` bytes from `offset`. Fails with SIZE_MISMATCH when the content is shorter or longer than its descriptor. */
  stream(offset: number, length: number): Readable {
    return Readable.from(this.#bytes(offset, offset + length), { objectMode: false, highWaterMark: 256 * 1024 });
  }

  destroy(): void {
    this.#content.destroy();
  }

  async *#bytes(from: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
    if (from < this.#keptFrom) await this.#reopen();
    let at = from;
    while (at < end) {
      const found = this.#keptAt(at);
      if (found !== undefined) {
        const bytes = found.length > end - at ? found.subarray(0, end - at) : found;
        at += bytes.length;
        if (this.canRewind) this.release(at);
        yield bytes;
        continue;
      }
      // On the way to `from` nothing needs keeping.
      if (this.#position < from) this.release(this.#position);
      if (!(await this.#pull())) throw this.#sizeMismatch(`only ${this.#position}`);
    }
    if (end === this.#options.descriptor.size && (this.#position > end || (await this.#pull()))) {
      throw this.#sizeMismatch(`more than ${end}`);
    }
  }

  #keptAt(offset: number): Uint8Array | undefined {
    let start = this.#keptFrom;
    for (const chunk of this.#kept) {
      if (offset >= start && offset < start + chunk.length) return chunk.subarray(offset - start);
      start += chunk.length;
    }
    return undefined;
  }

  /** Reads one more chunk; false at the end. One read at a time, so that a stream given up on loses nothing. */
  #pull(): Promise<boolean> {
    this.#pulling ??= this.#next().finally(() => {
      this.#pulling = undefined;
    });
    return this.#pulling;
  }

  async #next(): Promise<boolean> {
    try {
      const { done, value } = await this.#chunks.next();
      if (done === true) return false;
      this.#kept.push(value);
      this.#position += value.length;
      return true;
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(messageOf(error));
      throw this.failure;
    }
  }

  async #reopen(): Promise<void> {
    const { reopen, subject } = this.#options;
    if (reopen === undefined) {
      throw new RegistryFailure('UPLOAD_LOST', `${subject}: the registry lost what was sent before`, {
        hint: 'Run the command again.',
      });
    }
    this.#content.destroy();
    this.#content = await reopen();
    this.#chunks = chunksOf(this.#content);
    this.#kept = [];
    this.#keptFrom = 0;
    this.#position = 0;
    this.#pulling = undefined;
  }

  #sizeMismatch(found: string): Error {
    const { subject, descriptor } = this.#options;
    const message = `${subject}: the content to push has ${found} bytes, not ${descriptor.size}`;
    this.failure = new RegistryFailure('SIZE_MISMATCH', message);
    return this.failure;
  }
}

function chunksOf(content: Readable): AsyncIterator<Uint8Array> {
  // The stream has no encoding set: its chunks are bytes.
  return (content as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
}
