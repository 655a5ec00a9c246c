/** Keeps the last lines of a step's output, for its failure. */
export class LogTail {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #size = 0;

  /** @param limit bytes that are kept; default 8 KiB */
  constructor(limit = 8192) {
    this.#limit = limit;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#chunks.length > 1 && this.#size - (this.#chunks[0]?.length ?? 0) >= this.#limit) {
      this.#size -= this.#chunks.shift()?.length ?? 0;
    }
  }

  /** The last `lines` whole lines. */
  text(lines = 20): string {
    const text = Buffer.concat(this.#chunks).toString().trimEnd();
    return text.split('\n').slice(-lines).join('\n');
  }
}
