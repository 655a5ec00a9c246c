import { expect, test } from 'vitest';
import { memberPath } from './member-path.ts';

test.each([
  ['a', 'a'],
  ['a/b', 'a/b'],
  ['./a//b/', 'a/b'],
  ['/etc/a', 'etc/a'],
  ['x/../y', 'y'],
  ['...', '...'],
  ['.a/..b', '.a/..b'],
  ['', ''],
  ['/', ''],
  ['./', ''],
  ['a/..', ''],
])('%j is %j', (path, expected) => {
  expect(memberPath(path)).toBe(expected);
});

test.each(['..', '../a', '/../a', 'x/../../a', 'a/b/../../..'])('%j climbs out', (path) => {
  expect(() => memberPath(path, 'x.tar')).toThrow(expect.objectContaining({ code: 'ARCHIVE_UNSAFE' }));
});
