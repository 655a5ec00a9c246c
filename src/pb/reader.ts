import { PolyarchError } from '../util/error.ts';

/** Reads protobuf's wire format; everything out of bounds or malformed is PROTOBUF_INVALID. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  tag(): { number: number; wireType: number } {
    const tag = Number(this.#varint());
    const number = Math.floor(tag / 8);
    if (number < 1 || number > 0x1fff_ffff) throw this.#invalid('a field without a number');
    return { number, wireType: tag % 8 };
  }

  varint(wireType: number): bigint {
    if (wireType !== 0) throw this.#invalid('a number in another wire type');
    return this.#varint();
  }

  bytes(wireType: number): Uint8Array {
    if (wireType !== 2) throw this.#invalid('bytes in another wire type');
    const size = Number(this.#varint());
    if (size > this.#bytes.length - this.#at) throw this.#invalid('it ends too early');
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  string(wireType: number): string {
    const bytes = this.bytes(wireType);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  }

  skip(wireType: number): void {
    if (wireType === 0) this.#varint();
    else if (wireType === 1) this.#at += 8;
    else if (wireType === 2) this.bytes(2);
    else if (wireType === 5) this.#at += 4;
    else throw this.#invalid(`wire type ${wireType}`);
    if (this.#at > this.#bytes.length) throw this.#invalid('it ends too early');
  }

  #varint(): bigint {
    let small = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      small |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(small);
    }
    let result = BigInt(small);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, result);
    }
    throw this.#invalid('a number of more than ten bytes');
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw this.#invalid('it ends too early');
    return byte;
  }

  #invalid(why: string): PolyarchError {
    return new PolyarchError('PROTOBUF_INVALID', `not a valid ${this.#what} message: ${why}`);
  }
}
