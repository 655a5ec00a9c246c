import { describe, expect, test } from 'vitest';
import { patchCrossDriver } from './patch-cross-driver.ts';

const BASE = 0x400000;

/** A program at a fixed place with texts, and pointers to them as gcc's table of specs has them. */
function driver(texts: string, value: string): Buffer {
  const file = Buffer.alloc(0x300);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(62, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, 64);
  for (const [at, word] of [0, BASE, BASE, file.length, file.length].entries()) {
    file.writeBigUInt64LE(BigInt(word), 64 + 8 + 8 * at);
  }
  file.write(`\0${texts}\0`, 0x100, 'latin1');
  const place = (text: string) => BigInt(BASE + file.indexOf(`\0${text}\0`, 0x100, 'latin1') + 1);
  file.writeBigUInt64LE(place('cross_compile'), 0x200);
  file.writeBigUInt64LE(BigInt(BASE + 0x280), 0x210);
  file.writeBigUInt64LE(place(value), 0x280);
  return file;
}

describe('a cross compiler’s driver', () => {
  test('becomes a native one: its variable points to the other text', () => {
    const file = driver('cross_compile\u00001\u00000', '1');
    const patched = patchCrossDriver(file);
    expect(patched?.readBigUInt64LE(0x280)).toBe(BigInt(BASE + file.indexOf('\u00000\0', 0x100, 'latin1') + 1));
    expect(patched?.compare(file)).not.toBe(0);
  });

  test.each([
    ['of which the spec is something else', driver('cross_compile\u0000yes\u00000', 'yes')],
    [
      'that two tables name',
      Buffer.concat([
        driver('cross_compile\u00001\u00000', '1').fill(
          driver('cross_compile\u00001\u00000', '1').subarray(0x200, 0x208),
          0x240,
          0x248,
        ),
      ]),
    ],
    ['that lies anywhere', Buffer.from(driver('cross_compile\u00001\u00000', '1').fill(3, 16, 17))],
  ])('is not taken: one %s', (_name, file) => {
    expect(patchCrossDriver(file)).toBeUndefined();
  });

  test('is nothing without the spec', () => {
    const file = Buffer.from('\0other\0');
    expect(patchCrossDriver(file)).toBe(file);
  });
});
