import { describe, expect, test } from 'vitest';
import { MIMALLOC } from '../emulation/pairs.ts';
import { elfLayout } from './elf-layout.ts';
import { withAllocator, withoutSettings } from './need-instead.ts';

const TEXTS = 0x1000;
const DATA = 0x2000;
/** Addresses are not offsets, and not by the same distance everywhere. */
const [TEXTS_ADDRESS, LAST_ADDRESS] = [0x40_1000, 0x60_3000];

interface Program {
  readonly needed?: readonly string[];
  /** Bytes of the last read-only segment. */
  readonly size?: number;
  readonly machine?: number;
}

/** A program that needs libraries: their names, other read-only data, and PT_DYNAMIC in writable data. */
function program({ needed = ['libm.so.6', 'libc.so.6'], size = 0xf00, machine = 62 }: Program = {}): Buffer {
  const file = Buffer.alloc(DATA + 0x2000);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(4, 56);
  const rows = [
    [1, 4, TEXTS, TEXTS_ADDRESS, 0x1000],
    [1, 4, DATA, LAST_ADDRESS, size],
    [1, 6, DATA + 0x1000, 0x70_0000, 0x1000],
    [2, 6, DATA + 0x1000, 0x70_0000, 0x100],
  ];
  for (const [row, [type = 0, flags = 0, offset = 0, address = 0, bytes = 0]] of rows.entries()) {
    const at = 64 + 56 * row;
    file.writeUInt32LE(type, at);
    file.writeUInt32LE(flags, at + 4);
    for (const [index, value] of [offset, address, address, bytes, bytes, 0x1000].entries())
      file.writeBigUInt64LE(BigInt(value), at + 8 + 8 * index);
  }
  const names = `\0${needed.join('\0')}\0`;
  file.write(names, TEXTS, 'latin1');
  const entries = [[5, TEXTS_ADDRESS], ...needed.map((name) => [1, names.indexOf(`\0${name}\0`) + 1])];
  for (const [index, value] of entries.flat().entries())
    file.writeBigUInt64LE(BigInt(value), DATA + 0x1000 + 8 * index);
  return file;
}

const CC1 = 'libexec/gcc/aarch64-linux-gnu/14/cc1';
const libraries = new Map([[MIMALLOC.library, Buffer.alloc(0)]]);

describe('an allocator', () => {
  test('is what the program loads in place of libc', () => {
    const file = program();
    const patched = withAllocator({ place: CC1, file }, { allocator: MIMALLOC, libraries });
    expect(elfLayout(patched)?.needed).toEqual(['libm.so.6', MIMALLOC.library]);
    expect(elfLayout(file)?.needed).toEqual(['libm.so.6', 'libc.so.6']);
    // The segment holds the name now.
    expect(patched.readBigUInt64LE(64 + 56 + 32)).toBe(BigInt(0xf00 + MIMALLOC.library.length + 1));
  });

  test.each<[string, { place?: string; libraries?: ReadonlyMap<string, Buffer>; program?: Program }]>([
    ['another program', { place: 'bin/aarch64-linux-gnu-gcc-14' }],
    ['an archive without it', { libraries: new Map() }],
    ['no room for its name', { program: { size: 0xff8 } }],
    ['a program without libc', { program: { needed: ['libm.so.6'] } }],
    ['a program of another machine', { program: { machine: 183 } }],
  ])('is not for: %s', (_name, options) => {
    const file = program(options.program);
    const patched = withAllocator({ place: CC1, file, ...options }, { allocator: MIMALLOC, libraries, ...options });
    expect(patched.equals(file)).toBe(true);
  });

  test('takes no settings from the environment', () => {
    const file = Buffer.from('x\0libmimalloc_\0mimalloc_\0mimalloc_%s\0', 'latin1');
    expect(withoutSettings(file, MIMALLOC.settings)?.toString('latin1')).toBe(
      'x\0libmimalloc_\0=imalloc_\0mimalloc_%s\0',
    );
    expect(withoutSettings(Buffer.concat([file, file]), MIMALLOC.settings)).toBeUndefined();
    expect(withoutSettings(Buffer.from('\0malloc_\0'), MIMALLOC.settings)).toBeUndefined();
  });
});
