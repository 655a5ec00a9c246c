/** Writes protobuf's wire format into one growing buffer. */
export class Writer {
  #buffer = Buffer.allocUnsafe(512);
  #length = 0;

  finish(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#length));
  }

  tag(number: number, wireType: number): void {
    this.varint(number * 8 + wireType);
  }

  /** Negative numbers take ten bytes, as two's complement of 64 bits. */
  varint(value: number | bigint): void {
    this.#grow(10);
    if (typeof value === 'number' && value >= 0 && value < 2 ** 31) {
      let small = value;
      for (; small >= 0x80; small >>>= 7) this.#buffer[this.#length++] = (small & 0x7f) | 0x80;
      this.#buffer[this.#length++] = small;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
    this.#buffer[this.#length++] = Number(rest);
  }

  string(number: number, value: string): void {
    const size = Buffer.byteLength(value);
    this.tag(number, 2);
    this.varint(size);
    this.#grow(size);
    this.#length += this.#buffer.write(value, this.#length);
  }

  bytes(number: number, value: Uint8Array): void {
    this.tag(number, 2);
    this.varint(value.length);
    this.#grow(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** What `write` writes, with its length before it. */
  message(number: number, write: () => void): void {
    this.tag(number, 2);
    this.#grow(1);
    const start = ++this.#length;
    write();
    const size = this.#length - start;
    if (size < 0x80) {
      this.#buffer[start - 1] = size;
      return;
    }
    const extra = size < 0x4000 ? 1 : size < 0x20_0000 ? 2 : size < 0x1000_0000 ? 3 : 4;
    this.#grow(extra);
    this.#buffer.copyWithin(start + extra, start, this.#length);
    this.#length = start - 1;
    this.varint(size);
    this.#length += size;
  }

  #grow(size: number): void {
    if (this.#length + size <= this.#buffer.length) return;
    const next = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + size));
    this.#buffer.copy(next, 0, 0, this.#length);
    this.#buffer = next;
  }
}

/** The order of the strings' UTF-8 bytes, Go's order of strings. */
export function compareUtf8(a: string, b: string): number {
  // Only surrogates sort differently in UTF-16.
  if (/[\ud800-\uffff]/.test(a + b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}
