import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { unusedSince } from './prune-flags.ts';
import { parseVolume, runEnvironment } from './run-flags.ts';

const folder = mkdtempSync(join(tmpdir(), 'polyarch-flags-'));
writeFileSync(join(folder, 'file'), '');
afterAll(() => rmSync(folder, { recursive: true }));

describe('--volume', () => {
  test.each([
    ['./file:/x', { source: join(folder, 'file'), target: '/x', readonly: false }],
    ['file:/x', { source: join(folder, 'file'), target: '/x', readonly: false }],
    ['.:/x:ro', { source: folder, target: '/x', readonly: true }],
    ['/:/x:rw,z', { source: '/', target: '/x', readonly: false }],
  ])('%s', (text, bind) => expect(parseVolume(text, folder)).toEqual(bind));

  test.each(['', ':', 'x', './file', './file:x', './file:/x:rx', './file:/x:ro:z', 'named:/x', './missing:/x'])(
    '%j is refused',
    (text) => {
      expect(() => parseVolume(text, folder)).toThrow(/--volume/);
    },
  );
});

describe('--env and --env-file', () => {
  test('a file’s lines are taken as they are, flags come last, NAME alone is this environment’s', () => {
    writeFileSync(join(folder, 'env'), '\uFEFF# comment\r\nA=1 # no comment\r\n\n  B="quoted"\nFROM\nUNSET\n');
    const env = { FROM: 'outside', OTHER: 'other' };
    const found = runEnvironment(['env'], ['A=2', 'OTHER', 'GONE', 'EMPTY='], { cwd: folder, env });
    expect([...found]).toEqual([
      ['A', '2'],
      ['B', '"quoted"'],
      ['FROM', 'outside'],
      ['OTHER', 'other'],
      ['EMPTY', ''],
    ]);
  });
});

describe('--filter until', () => {
  const now = Date.parse('2026-01-02T00:00:00Z');
  test.each([
    ['until=24h', '2026-01-01T00:00:00Z'],
    ['until=1h30m', '2026-01-01T22:30:00Z'],
    ['until=1.5h', '2026-01-01T22:30:00Z'],
    ['until=2d', '2025-12-31T00:00:00Z'],
    ['until=2025-06-01', '2025-06-01T00:00:00Z'],
    ['until=2025-06-01T10:00:00+02:00', '2025-06-01T08:00:00Z'],
    ['until=1700000000', '2023-11-14T22:13:20Z'],
  ])('%s', (text, time) => expect(unusedSince([text], now)).toBe(Date.parse(time)));

  test('the earliest of several counts; without any, nothing does', () => {
    expect(unusedSince(['until=1h', 'until=2h'], now)).toBe(now - 7_200_000);
    expect(unusedSince([], now)).toBeUndefined();
  });

  test.each(['until', 'until=', 'until=soon', 'until=5x', 'label=a'])('%j is refused', (text) => {
    expect(() => unusedSince([text], now)).toThrow('--filter');
  });
});
