import { describe, expect, test } from 'vitest';
import { DISPATCHER_CODE } from './dispatcher/code.ts';
import { injectDispatcher } from './inject.ts';

const ROW = 56;
const ENTRY = 0x1234;

interface Row {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** A program of the rows given, 20000 bytes long, all of it byte 7 behind its table. */
function program(rows: readonly Row[], machine = 62): Buffer {
  const file = Buffer.alloc(20_000, 7);
  file.fill(0, 0, 64 + rows.length * ROW);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(BigInt(ENTRY), 24);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(ROW, 54);
  file.writeUInt16LE(rows.length, 56);
  for (const [index, row] of rows.entries()) {
    const at = 64 + index * ROW;
    file.writeUInt32LE(row.type, at);
    file.writeUInt32LE(row.flags, at + 4);
    for (const [place, value] of [row.offset, row.address, row.address, row.size, row.size, 4096].entries()) {
      file.writeBigUInt64LE(BigInt(value), at + 8 + place * 8);
    }
  }
  return file;
}

function readRows(file: Buffer): readonly Row[] {
  const table = Number(file.readBigUInt64LE(32));
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = table + index * ROW;
    const field = (place: number): number => Number(file.readBigUInt64LE(at + place));
    return {
      type: file.readUInt32LE(at),
      flags: file.readUInt32LE(at + 4),
      offset: field(8),
      address: field(16),
      size: field(32),
    };
  });
}

function inject(file: Buffer, host = 'amd64', environment: readonly string[] = []): Buffer {
  const injection = injectDispatcher(file, { host, environment });
  if ('refused' in injection) throw new Error(injection.refused);
  return Buffer.from(injection.program);
}

const code = { type: 1, flags: 5, offset: 0, address: 0, size: 19_000 };
const data = { type: 1, flags: 6, offset: 19_000, address: 0x2_9000, size: 500 };

describe.each([
  ['position-independent', 0],
  ['linked to an address', 0x40_0000],
])('an emulator that is %s', (_name, base) => {
  const loads = [code, data].map((row) => ({ ...row, address: row.address + base }));
  const table = { type: 6, flags: 4, offset: 64, address: base + 64, size: 3 * ROW };
  const made = inject(program([table, ...loads]), 'amd64', ['A=b', 'C=d']);
  const [moved, first, second, rx, rw] = readRows(made);

  test('keeps its segments and gets two, of which none can be written and executed', () => {
    expect([first, second]).toEqual(loads);
    expect(rx).toMatchObject({ type: 1, flags: 5, address: base + 0x3_0000, offset: 0x3_0000 });
    expect(rw).toMatchObject({ type: 1, flags: 6, address: base + 0x4_0000, offset: 0x4_0000, size: 0x1_0000 });
    expect(made).toHaveLength(0x5_0000);
  });

  test('has its table where the first new segment ends', () => {
    const at = Number(made.readBigUInt64LE(32));
    expect(moved).toEqual({ type: 6, flags: 4, offset: at, address: base + at, size: 5 * ROW });
    expect(at + 5 * ROW).toBe((rx?.offset ?? 0) + (rx?.size ?? 0));
  });

  test('starts in the dispatcher, which knows the old start and the settings', () => {
    expect(Number(made.readBigUInt64LE(24))).toBe(rx?.address);
    const parameters = made.subarray((rx?.offset ?? 0) + 16);
    expect(Number(parameters.readBigInt64LE(0)) + (rx?.address ?? 0)).toBe(ENTRY);
    expect(parameters.toString('latin1', 8, 18)).toBe('A=b\0C=d\0\0\0');
    expect(made.subarray(64 + 3 * ROW, 20_000).every((byte) => byte === 7)).toBe(true);
  });
});

test.each([
  ['a program for another machine', program([code], 183), 'amd64', 'it is no 64-bit program for amd64'],
  ['a script', Buffer.from('#!/bin/sh\n'.repeat(20)), 'amd64', 'it is no 64-bit program for amd64'],
  ['a program that needs a loader', program([{ ...code, type: 3 }, code]), 'amd64', 'it is not static'],
  ['a host without a dispatcher', program([code], 243), 'riscv64', 'there is no dispatcher for riscv64'],
])('refuses %s', (_name, file, host, refused) => {
  expect(injectDispatcher(file, { host, environment: [] })).toEqual({ refused });
});

test('the code begins with a jump over its parameters, which are empty', () => {
  for (const one of Object.values(DISPATCHER_CODE)) {
    const bytes = Buffer.from(one?.code ?? '', 'base64');
    expect(bytes.subarray(16, 256).every((byte) => byte === 0)).toBe(true);
    expect(bytes.subarray(0, 4).every((byte) => byte === 0)).toBe(false);
  }
});
