import { expect, it } from 'vitest';
import { parseWhiteout } from './whiteout.ts';

it.each([
  ['file', undefined],
  ['.whale', undefined],
  ['.wh.file', { kind: 'remove', name: 'file' }],
  ['.wh..bashrc', { kind: 'remove', name: '.bashrc' }],
  ['.wh..', { kind: 'remove', name: '.' }],
  ['.wh.', { kind: 'remove', name: '' }],
  ['.wh..wh..opq', { kind: 'opaque' }],
  ['.wh..wh.plnk', { kind: 'metadata' }],
])('the name %s', (name, expected) => {
  expect(parseWhiteout(name)).toEqual(expected);
});
