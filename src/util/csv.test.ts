import { expect, test } from 'vitest';
import { csvFields } from './csv.ts';

test.each([
  ['', ['']],
  ['a', ['a']],
  ['a,b', ['a', 'b']],
  ['a,', ['a', '']],
  [',a', ['', 'a']],
  ['"a,b",c', ['a,b', 'c']],
  ['"a""b"', ['a"b']],
  ['"",x', ['', 'x']],
  ['a b , c', ['a b ', ' c']],
])('the fields of %j are %j', (text, fields) => {
  expect(csvFields(text)).toEqual(fields);
});

test.each(['"a', '"a"b', 'a"b', 'a,b"', '"a""'])('%j is refused', (text) => {
  expect(() => csvFields(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
