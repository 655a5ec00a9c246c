/**
 * The hash of a program's bytes that the dispatcher and the map's maker agree on: 128 bits, as two of its kind are told
 * apart, not as an attacker is kept out. Who makes an image with a colliding program only fools himself.
 */
export interface ProgramHash {
  /** Every part but the last is a multiple of 16 bytes long. */
  update(bytes: Uint8Array): void;
  /** 16 bytes. */
  digest(): Uint8Array;
}

const ADD = 0x85ebca77;
const MULTIPLY = 0x9e3779b1;
const BLOCK = 16;

/**
 * Four lanes of 32 bits, each eating every fourth little-endian word: `lane = rotate(lane + word * ADD, 13) * MULTIPLY`,
 * the last block filled up with zeros; then the length in bytes is mixed in, and the lanes with each other.
 * `dispatcher/dispatcher.c` has the same in C.
 */
export function programHash(): ProgramHash {
  const lanes = new Uint32Array([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]);
  let length = 0;
  return {
    update: (bytes) => {
      length += bytes.length;
      const whole = bytes.length - (bytes.length % BLOCK);
      eat(lanes, bytes.subarray(0, whole));
      if (whole === bytes.length) return;
      const last = new Uint8Array(BLOCK);
      last.set(bytes.subarray(whole));
      eat(lanes, last);
    },
    digest: () => finish(lanes, length),
  };
}

function eat(lanes: Uint32Array, bytes: Uint8Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = lanes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += BLOCK) {
    a = round(a, view.getUint32(at, true));
    b = round(b, view.getUint32(at + 4, true));
    c = round(c, view.getUint32(at + 8, true));
    d = round(d, view.getUint32(at + 12, true));
  }
  lanes.set([a, b, c, d]);
}

function round(lane: number, word: number): number {
  const sum = (lane + Math.imul(word, ADD)) | 0;
  return Math.imul((sum << 13) | (sum >>> 19), MULTIPLY);
}

function finish(lanes: Uint32Array, length: number): Uint8Array {
  let [a = 0, b = 0, c = 0, d = 0] = lanes;
  a ^= length | 0;
  b ^= Math.floor(length / 2 ** 32);
  for (let turn = 0; turn < 4; turn++) {
    a = round(a, d);
    b = round(b, a);
    c = round(c, b);
    d = round(d, c);
    a ^= a >>> 15;
    b ^= b >>> 13;
    c ^= c >>> 16;
    d ^= d >>> 14;
  }
  const digest = new Uint8Array(BLOCK);
  const view = new DataView(digest.buffer);
  for (const [index, lane] of [a, b, c, d].entries()) view.setInt32(index * 4, lane, true);
  return digest;
}
