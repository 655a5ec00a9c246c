import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { programHash } from './program-hash.ts';
import { programKey } from './program-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'polyarch-key-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BUILD_ID = '00112233445566778899aabbccddeeff01234567';

/** An ELF file of one note segment, which holds another note and then, if wanted, a build-id. */
function program(options: {
  bits: 32 | 64;
  little: boolean;
  buildId?: string;
  goBuildId?: string;
  size?: number;
}): Buffer {
  const { little } = options;
  const wide = options.bits === 64;
  const file = Buffer.alloc(options.size ?? 9000, 0x41);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  file.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1]);
  view.setUint16(18, 0x1234, little);
  const offset = wide ? 64 : 52;
  if (wide) view.setBigUint64(32, 64n, little);
  else view.setUint32(28, offset, little);
  view.setUint16(wide ? 54 : 42, wide ? 56 : 32, little);
  view.setUint16(wide ? 56 : 44, 1, little);
  view.setUint32(offset, 4, little);
  const note = (type: number, name: string, data: Buffer): Buffer => {
    const header = Buffer.alloc(12);
    const words = new DataView(header.buffer, header.byteOffset, 12);
    for (const [index, value] of [name.length + 1, data.length, type].entries())
      words.setUint32(index * 4, value, little);
    return Buffer.concat([header, Buffer.from(`${name}\0`.padEnd(Math.ceil((name.length + 1) / 4) * 4, '\0')), data]);
  };
  const notes = Buffer.concat([
    note(1, 'OTHER', Buffer.alloc(8)),
    ...(options.buildId === undefined ? [] : [note(3, 'GNU', Buffer.from(options.buildId, 'hex'))]),
    ...(options.goBuildId === undefined ? [] : [note(4, 'Go\0', Buffer.from(options.goBuildId))]),
  ]);
  if (wide) {
    view.setBigUint64(offset + 8, 5000n, little);
    view.setBigUint64(offset + 32, BigInt(notes.length), little);
  } else {
    view.setUint32(offset + 4, 5000, little);
    view.setUint32(offset + 16, notes.length, little);
  }
  notes.copy(file, 5000);
  return file;
}

function keyOf(content: Uint8Array): ReturnType<typeof programKey> {
  const file = join(folder, 'program');
  writeFileSync(file, content);
  return programKey(file);
}

describe.each([
  ['64 bits, little-endian', { bits: 64, little: true }],
  ['64 bits, big-endian', { bits: 64, little: false }],
  ['32 bits, little-endian', { bits: 32, little: true }],
  ['32 bits, big-endian', { bits: 32, little: false }],
] as const)('a program of %s', (_name, kind) => {
  test('is known by its build-id and size', () => {
    const key = keyOf(program({ ...kind, buildId: BUILD_ID }));
    expect(Buffer.from(key?.bytes ?? []).toString('hex')).toBe(`0114${BUILD_ID}00002823000000000000`.padEnd(64, '0'));
    expect(key).toMatchObject({ machine: 0x1234 });
    expect(key?.content).toBeUndefined();
  });

  test('is known by the last part of its Go build ID and its size', () => {
    const last = 'abcdefghijklmnopqrst';
    const key = keyOf(program({ ...kind, goBuildId: `one/two/three/${last}` }));
    const id = Buffer.from(last).toString('hex');
    expect(Buffer.from(key?.bytes ?? []).toString('hex')).toBe(`0314${id}00002823000000000000`.padEnd(64, '0'));
    expect(keyOf(program({ ...kind, goBuildId: `one/two/three/x${last}` }))?.bytes[0]).toBe(2);
  });

  test('is known by its content where it has none', () => {
    const content = program(kind);
    const key = keyOf(content);
    content[4500] = 0;
    const other = keyOf(content);
    expect(key?.bytes[0]).toBe(2);
    expect(other?.bytes).toEqual(key?.bytes);
    expect(other?.content).not.toEqual(key?.content);
    content[8999] = 0;
    expect(keyOf(content)?.bytes).not.toEqual(key?.bytes);
  });
});

test.each([
  ['a script', Buffer.alloc(5000, '#!/bin/sh\n')],
  ['a file below 4096 bytes', program({ bits: 64, little: true, size: 6000 }).subarray(0, 4000)],
])('%s has no key', (_name, content) => {
  expect(keyOf(content)).toBeUndefined();
});

describe('the hash', () => {
  const digest = (...parts: readonly Uint8Array[]): string => {
    const hash = programHash();
    for (const part of parts) hash.update(part);
    return Buffer.from(hash.digest()).toString('hex');
  };

  test('is the same however the bytes come', () => {
    const bytes = randomBytes(1000);
    expect(digest(bytes.subarray(0, 16), bytes.subarray(16, 512), bytes.subarray(512))).toBe(digest(bytes));
  });

  test('tells lengths and single bits apart', () => {
    const digests = [new Uint8Array(0), new Uint8Array(1), new Uint8Array(16), new Uint8Array(17), Uint8Array.of(1)];
    expect(new Set(digests.map((bytes) => digest(bytes))).size).toBe(5);
  });
});
