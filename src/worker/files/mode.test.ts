import { expect, test } from 'vitest';
import { symbolicMode } from './mode.ts';

test.each<[string, number, boolean, number]>([
  ['u=rwX,go=rX', 0o600, false, 0o644],
  ['u=rwX,go=rX', 0o700, false, 0o755],
  ['u=rwX,go=rX', 0o600, true, 0o755],
  ['a+x', 0o644, false, 0o755],
  ['+x', 0o644, false, 0o755],
  ['go-w', 0o666, false, 0o644],
  ['=rw,+X', 0o755, false, 0o777],
  ['=rw,+X', 0o644, false, 0o666],
  ['go=', 0o777, false, 0o700],
  ['g=u', 0o740, false, 0o770],
  ['go=u-w', 0o700, false, 0o755],
  ['u+s,g+s', 0o755, false, 0o6755],
  ['+t', 0o755, true, 0o1755],
  ['u=rw', 0o4755, false, 0o655],
  ['u-x+w', 0o555, false, 0o655],
])('%s on %o (folder: %s) gives %o', (text, mode, isDirectory, expected) => {
  expect(symbolicMode(text)(mode, isDirectory).toString(8)).toBe(expected.toString(8));
});

test.each(['', 'x', 'u', 'u=q', '888', 'a+x,', 'z+x'])('%j is refused', (text) => {
  expect(() => symbolicMode(text)).toThrow(expect.objectContaining({ code: 'MODE_INVALID' }));
});
