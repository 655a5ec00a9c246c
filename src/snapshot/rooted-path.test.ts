import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveInRoot } from './rooted-path.ts';

const root = mkdtempSync(join(tmpdir(), 'polyarch-rooted-'));
mkdirSync(join(root, 'usr/lib'), { recursive: true });
for (const [target, path] of [
  ['usr/lib', 'lib'],
  ['/usr', 'absolute'],
  ['../../../etc', 'out'],
  ['../lib', 'usr/up'],
  ['loop2', 'loop1'],
  ['loop1', 'loop2'],
  ['lib', 'twice'],
] as const) {
  symlinkSync(target, join(root, path));
}
afterAll(() => rmSync(root, { recursive: true }));

describe('resolveInRoot', () => {
  it.each([
    ['', ''],
    ['/', ''],
    ['usr/lib/x', 'usr/lib/x'],
    ['/usr//./lib/', 'usr/lib'],
    ['lib/x', 'usr/lib/x'],
    ['twice/x', 'usr/lib/x'],
    ['absolute/lib', 'usr/lib'],
    ['usr/up/x', 'usr/lib/x'],
    ['lib/../x', 'usr/x'],
    ['missing/../x', 'x'],
    ['../../x', 'x'],
    ['out/passwd', 'etc/passwd'],
  ])('%j is %j, as in a chroot', (path, expected) => {
    expect(resolveInRoot(root, path)).toBe(expected);
  });

  it.each([
    ['lib', 'lib'],
    ['lib/', 'lib'],
    ['twice', 'twice'],
    ['absolute/up', 'usr/up'],
  ])('%j is %j without following the last part', (path, expected) => {
    expect(resolveInRoot(root, path, { followLast: false })).toBe(expected);
  });

  it.each([
    ['../x', 'PATH_ESCAPES'],
    ['usr/../../x', 'PATH_ESCAPES'],
    ['out/passwd', 'PATH_ESCAPES'],
    ['loop1/x', 'PATH_LOOP'],
  ])('%j fails with %s when strict', (path, code) => {
    expect(() => resolveInRoot(root, path, { strict: true })).toThrow(expect.objectContaining({ code }));
  });
});
