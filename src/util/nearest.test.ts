import { expect, test } from 'vitest';
import { nearest, type NearestOptions } from './nearest.ts';

test.each<[string, string[], NearestOptions, string | undefined]>([
  ['miror', ['http', 'mirrors'], {}, 'mirrors'],
  ['Mirrors', ['mirrors'], {}, 'mirrors'],
  ['zzz', ['mirrors'], {}, undefined],
  ['ca', ['key', 'cert', 'ca'], {}, 'ca'],
  ['x', [], {}, undefined],
  ['fro', ['for', 'from'], {}, 'for'],
  ['ab', ['ba'], { limit: 1 }, 'ba'],
  ['abcd', ['a'], { limit: 2 }, undefined],
  ['abc', ['a'], { limit: 2 }, 'a'],
  ['MAIN', ['main'], { limit: 2, matchCase: true }, undefined],
  ['Main', ['main'], { limit: 2, matchCase: true }, 'main'],
])('nearest of %s in %j with %j: %s', (word, candidates, options, expected) => {
  expect(nearest(word, candidates, options)).toBe(expected);
});
