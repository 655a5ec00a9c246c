import { expect, test } from 'vitest';
import { cleanPath } from './clean-path.ts';

test.each([
  ['', '.'],
  ['/', '/'],
  ['//', '/'],
  ['a/', 'a'],
  ['./', '.'],
  ['a//b/./c/..', 'a/b'],
  ['/../a', '/a'],
  ['../a', '../a'],
  ['a/..', '.'],
])('cleanPath(%s) is %s', (path, expected) => {
  expect(cleanPath(path)).toBe(expected);
});
