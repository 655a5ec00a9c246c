import { expect, it } from 'vitest';
import { PolyarchError } from './error.ts';
import { systemError } from './system-error.ts';

const failure = (properties: object): Error => Object.assign(new Error('said the system'), properties);

it.each([
  [{ code: 'ENOSPC', path: '/store/file' }, 'NO_SPACE', '/store/file'],
  [{ code: 'EDQUOT' }, 'NO_SPACE', '/store'],
  [{ code: 'ERR_SQLITE_ERROR', errcode: 13 }, 'NO_SPACE', '/store'],
  [{ code: 'ERR_SQLITE_ERROR', errcode: 26 }, 'STORE_DAMAGED', '/store'],
  [{ code: 'ERR_SQLITE_ERROR', errcode: 10 | (3 << 8) }, 'STORE_UNUSABLE', '/store'],
  [{ code: 'ERR_SQLITE_ERROR', errcode: 5 }, 'STORE_BUSY', '/store'],
  [{ code: 'EROFS', path: '/store/tmp' }, 'STORE_UNUSABLE', '/store/tmp'],
])('%o is %s', (properties, code, place) => {
  const coded = systemError(failure(properties), '/store');
  expect(coded).toBeInstanceOf(PolyarchError);
  expect(coded).toMatchObject({ code, message: expect.stringContaining(place) });
});

it.each([
  failure({ code: 'ENOENT' }),
  failure({ code: 'ERR_SQLITE_ERROR', errcode: 1 }),
  new PolyarchError('X', 'y'),
  'text',
])('leaves %s alone', (error) => expect(systemError(error, '/store')).toBe(error));

it('tells the first failure when the clean-up fails too', () => {
  const first = new PolyarchError('FIRST', 'first');
  const both = Object.assign(new Error('both'), {
    name: 'SuppressedError',
    error: new Error('second'),
    suppressed: first,
  });
  expect(systemError(both, '/store')).toBe(first);
});
