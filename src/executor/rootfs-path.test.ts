import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolveInRootfs } from './rootfs-path.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'polyarch-root-'));
  mkdirSync(join(root, 'a/b'), { recursive: true });
  writeFileSync(join(root, 'a/file'), '');
  symlinkSync('/a', join(root, 'absolute'));
  symlinkSync('../../..', join(root, 'a/b/up'));
  symlinkSync('b/new', join(root, 'a/dangling'));
  symlinkSync('loop', join(root, 'loop'));
});
afterAll(() => rmSync(root, { recursive: true }));

test.each([
  ['/', '', []],
  ['/a/b', '/a/b', []],
  ['a//./b/', '/a/b', []],
  ['/absolute/b', '/a/b', []],
  ['/../../a', '/a', []],
  ['/a/b/up/a/file', '/a/file', []],
  ['/a/x/y', '/a/x/y', ['/a/x', '/a/x/y']],
  ['/a/x/../y', '/a/y', ['/a/y']],
  ['/a/x/../b', '/a/b', []],
  ['/a/dangling/z', '/a/b/new/z', ['/a/b/new', '/a/b/new/z']],
  ['/a/file/z', '/a/file/z', ['/a/file/z']],
])('%s', (path, resolved, missing) => {
  expect(resolveInRootfs(root, path)).toEqual({
    path: `${root}${resolved}`,
    missing: missing.map((one) => `${root}${one}`),
  });
});

test('a loop of links is refused', () => {
  expect(() => resolveInRootfs(root, '/loop')).toThrow(expect.objectContaining({ code: 'SYMLINK_LOOP' }));
});
