import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AccelRecord, accelTools, countRan, decodeAccelMap, encodeAccelMap, writeAccelMap } from './accel-map.ts';

function record(first: number, tool: string, rest: Partial<AccelRecord> = {}): AccelRecord {
  return { key: { bytes: new Uint8Array(32).fill(first) }, tool, ...rest };
}

const map = encodeAccelMap([
  record(200, 'bin/ld', { rules: ['linker-plugin', 'compiler'] }),
  record(3, 'bin/dash'),
  record(7, 'bin/gzip', {
    key: { bytes: new Uint8Array(32).fill(7), content: new Uint8Array(16).fill(9) },
  }),
]);

describe('a map', () => {
  test('has its records sorted by key', () => {
    expect(accelTools(map)).toEqual(['bin/dash', 'bin/gzip', 'bin/ld']);
    expect(map.length).toBe(4 * 256);
    expect([map[256], map[512], map[768]]).toEqual([3, 7, 200]);
  });

  test('has rules as bits, and the hash of the content', () => {
    expect(map[768 + 48]).toBe(3);
    expect(map.subarray(512 + 32, 512 + 50)).toEqual(Uint8Array.from([...Array<number>(16).fill(9), 0, 0]));
  });

  test('is written with the mountpoint for what ran', () => {
    const folder = mkdtempSync(join(tmpdir(), 'polyarch-map-'));
    writeAccelMap(folder, [record(1, 'bin/dash')]);
    expect(accelTools(readFileSync(join(folder, 'map')))).toEqual(['bin/dash']);
    expect(readFileSync(join(folder, 'ran'))).toHaveLength(0);
    rmSync(folder, { recursive: true });
  });

  test.each(['', '/bin/sh', `bin/${'x'.repeat(160)}`])('refuses the tool %j', (tool) => {
    expect(() => encodeAccelMap([record(1, tool)])).toThrow(/no tool's path/);
  });

  test('refuses two tools for one program', () => {
    expect(() => encodeAccelMap([record(1, 'bin/a'), record(1, 'bin/b')])).toThrow(/bin\/a, bin\/b/);
  });
});

describe('a map that is read', () => {
  test('gives the records that it was made of', () => {
    expect(encodeAccelMap(decodeAccelMap(map) ?? [])).toEqual(map);
  });

  test.each([
    ['cut short', map.subarray(0, -1)],
    ['with fewer records than it says', map.subarray(0, -256)],
    ['of another version', Uint8Array.from(map, (byte, at) => (at === 8 ? 9 : byte))],
    ['not sorted', Uint8Array.from(map, (byte, at) => (at === 256 ? 99 : byte))],
    ['with an unknown rule', Uint8Array.from(map, (byte, at) => (at === 256 + 49 ? 1 : byte))],
    ['empty', new Uint8Array()],
  ])('is refused: %s', (_name, bytes) => {
    expect(decodeAccelMap(bytes)).toBeUndefined();
  });
});

describe('what ran', () => {
  test.each([
    ['nothing', [], []],
    [
      'tools, most often first',
      [0, 0, 2, 0, 2, 0],
      [
        { tool: 'bin/ld', times: 2 },
        { tool: 'bin/dash', times: 1 },
      ],
    ],
    ['not what went back to QEMU', [0, 0, 0, 0x80, 1, 0], [{ tool: 'bin/gzip', times: 1 }]],
    ['what a step wrote there itself', [9, 9, 1, 0, 1], [{ tool: 'bin/gzip', times: 1 }]],
  ])('%s', (_name, bytes, expected) => {
    expect(countRan(map, Uint8Array.from(bytes))).toEqual(expected);
  });
});
