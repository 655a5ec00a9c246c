import { createHash } from 'node:crypto';
import type { Digest } from '../oci/digest.ts';

/** The sha256 digest and size of bytes as they pass. */
export class DigestCounter {
  readonly #hash = createHash('sha256');
  #digest: Digest | undefined;
  size = 0;

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.size += chunk.length;
  }

  /** Ends the count. */
  get digest(): Digest {
    return (this.#digest ??= `sha256:${this.#hash.digest('hex')}`);
  }

  /** The same chunks, counted on their way. */
  async *through<T extends Uint8Array>(source: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const chunk of source) {
      this.update(chunk);
      yield chunk;
    }
  }
}
