import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type ElfHeader, elfFile } from '../../test/support/elf-file.ts';
import { readElfFile } from './elf.ts';

const folder = mkdtempSync(join(tmpdir(), 'polyarch-elf-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(bytes: Uint8Array) {
  const file = join(folder, 'file');
  writeFileSync(file, bytes);
  return readElfFile(file);
}

test.each<[string, ElfHeader]>([
  [
    '64 bits, little-endian',
    { wide: true, little: true, machine: 183, flags: 0, interpreter: '/lib/ld-linux-aarch64.so.1' },
  ],
  ['64 bits, big-endian', { wide: true, little: false, machine: 22, flags: 0, interpreter: '/lib/ld64.so.1' }],
  ['32 bits', { wide: false, little: true, machine: 40, flags: 0x0500_0400, interpreter: '/lib/ld-linux-armhf.so.3' }],
  ['flags with the highest bit', { wide: true, little: true, machine: 8, flags: 0xa000_0000 }],
])('%s', (_name, header) => {
  const { wide, little, machine, flags, interpreter } = header;
  expect(read(elfFile(header))).toEqual({
    bits: wide ? 64 : 32,
    endian: little ? 'little' : 'big',
    machine,
    type: 3,
    flags,
    ...(interpreter === undefined ? {} : { interpreter }),
  });
});

const whole = elfFile({ wide: true, little: true, machine: 62, flags: 0, interpreter: '/lib64/ld-linux-x86-64.so.2' });

test('program headers beyond the end of the file are none', () => {
  expect(read(elfFile({ wide: true, little: true, machine: 62, flags: 0, count: 500 }))).toMatchObject({ machine: 62 });
  expect(read(whole.subarray(0, 100))).not.toHaveProperty('interpreter');
  expect(read(whole.subarray(0, 260))).not.toHaveProperty('interpreter');
});

test.each<[string, Uint8Array]>([
  ['nothing', Buffer.alloc(0)],
  ['a script', Buffer.from(`#!/bin/sh\n${'#'.repeat(100)}`)],
  ['a header that ends early', whole.subarray(0, 40)],
  ['a class that does not exist', Buffer.from(whole).fill(9, 4, 5)],
  ['a byte order that does not exist', Buffer.from(whole).fill(9, 5, 6)],
])('%s is no ELF file', (_name, bytes) => expect(read(bytes)).toBeUndefined());

test('a file that is not there', () => expect(readElfFile(join(folder, 'none'))).toBeUndefined());
