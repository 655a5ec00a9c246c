import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { elfLayout } from './elf-layout.ts';

it('reads the program that runs this test', () => {
  const file = readFileSync('/bin/sh');
  const layout = elfLayout(file);
  expect(layout?.wide).toBe(true);
  expect(layout?.needed.some((name) => name.startsWith('libc.'))).toBe(true);
  const { offset = 0, size = 0 } = layout?.interpreter ?? {};
  expect(file.toString('latin1', offset, offset + size)).toMatch(/^\/lib.*\/ld-.*\0$/);
});

/** A program of 32 bits, big-endian: a PT_LOAD of the whole file at 0x1000, and a PT_DYNAMIC. */
function bigEndian(): Buffer {
  const file = Buffer.alloc(200);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 2, 1]);
  file.writeUInt16BE(20, 18);
  file.writeUInt32BE(52, 28);
  file.writeUInt16BE(32, 42);
  file.writeUInt16BE(2, 44);
  const row = (at: number, values: number[]) => values.forEach((value, i) => file.writeUInt32BE(value, at + 4 * i));
  row(52, [1, 0, 0x1000, 0, 200]);
  row(84, [2, 120, 0x1078, 0, 24]);
  row(120, [5, 0x1000 + 160, 1, 3, 0, 0]);
  file.write('xxxlibq.so.1\0', 160, 'latin1');
  return file;
}

it('reads another class and byte order', () => {
  expect(elfLayout(bigEndian())).toEqual({ machine: 20, wide: false, needed: ['libq.so.1'] });
});

it.each([
  ['no ELF file', Buffer.from('#!/bin/sh\n'.padEnd(100))],
  ['one cut short', bigEndian().subarray(0, 60)],
])('gives nothing for %s', (_name, file) => expect(elfLayout(file)).toBeUndefined());
