import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { Digest } from '../oci/digest.ts';

/** The digest (sha256 unless told otherwise) and size of bytes as they pass. */
export class DigestCounter {
  readonly #algorithm: 'sha256' | 'sha512';
  readonly #hash: Hash;
  #digest: Digest | undefined;
  size = 0;

  constructor(algorithm: 'sha256' | 'sha512' = 'sha256') {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.size += chunk.length;
  }

  /** Ends the count. */
  get digest(): Digest {
    return (this.#digest ??= `${this.#algorithm}:${this.#hash.digest('hex')}`);
  }

  /** The same chunks, counted on their way. */
  async *through<T extends Uint8Array>(source: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const chunk of source) {
      this.update(chunk);
      yield chunk;
    }
  }
}
