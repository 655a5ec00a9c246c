import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

test.each([
  ['miror', ['http', 'mirrors'], 'mirrors'],
  ['Mirrors', ['mirrors'], 'mirrors'],
  ['zzz', ['mirrors'], undefined],
  ['ca', ['key', 'cert', 'ca'], 'ca'],
  ['x', [], undefined],
])('nearest of %s in %j: %s', (word, candidates, expected) => {
  expect(nearest(word, candidates)).toBe(expected);
});
