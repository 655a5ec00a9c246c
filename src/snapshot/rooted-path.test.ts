import { describe, expect, test } from 'vitest';
import { makeTree, type TreeSpec } from '../../test/support/tree.ts';
import { resolveInRoot, resolveWithin } from './rooted-path.ts';

describe('resolveWithin', () => {
  test.each<[string, TreeSpec, string, string]>([
    ['a plain path', { 'a/b': '' }, 'a/b', '/a/b'],
    ['the root', {}, '/', '/'],
    ['dots', {}, '/a/./b//c/../d', '/a/b/d'],
    ['above the root', {}, '/../../a', '/a'],
    ['an absolute link', { l: '->/x/y' }, '/l/z', '/x/y/z'],
    ['a relative link', { 'd/l': '->../x' }, '/d/l/z', '/x/z'],
    ['a link above the root', { 'd/l': '->../../../../etc' }, '/d/l/passwd', '/etc/passwd'],
    ['a link to a link', { a: '->b', b: '->c/d', 'c/d': '->/e' }, '/a', '/e'],
    ['dots after a link go up from where it leads', { l: '->/x/y' }, '/l/../z', '/x/z'],
    ['a dangling link', { l: '->missing/part' }, '/l', '/missing/part'],
    ['a file on the way', { f: 'text' }, '/f/x', '/f/x'],
    ['an empty part', { l: '->./' }, '/l/a', '/a'],
    ['an empty path', {}, '', '/'],
    ['a missing folder and back', {}, 'missing/../x', '/x'],
    ['a link after dots', { 'usr/lib/x': '', 'usr/up': '->../lib', lib: '->usr/lib' }, 'usr/up/x', '/usr/lib/x'],
    ['dots after a link to a folder', { 'usr/lib/x': '', lib: '->usr/lib' }, 'lib/../x', '/usr/x'],
  ])('%s', (_name, spec, path, expected) => {
    const root = makeTree(spec);
    expect(resolveWithin(root, path)).toBe(expected);
    expect(resolveInRoot(root, path)).toBe(expected === '/' ? `${root}/` : `${root}${expected}`);
  });

  test.each([
    ['/d/l', '/e/l'],
    ['d', '/d'],
    ['d/', '/d'],
    ['d/./', '/d'],
  ])('%s is %s when the last link is kept', (path, expected) => {
    const root = makeTree({ d: '->e', 'e/l': '->/x' });
    expect(resolveWithin(root, path, { followLast: false })).toBe(expected);
  });

  test.each([
    ['../x', 'PATH_ESCAPES'],
    ['usr/../../x', 'PATH_ESCAPES'],
    ['out/passwd', 'PATH_ESCAPES'],
    ['loop1/x', 'SYMLINK_LOOP'],
  ])('%s fails with %s when strict', (path, code) => {
    const root = makeTree({ usr: undefined, out: '->../../../etc', loop1: '->loop2', loop2: '->loop1' });
    expect(() => resolveWithin(root, path, { strict: true })).toThrow(expect.objectContaining({ code }));
  });

  test.each<[string, TreeSpec]>([
    ['itself', { l: '->l' }],
    ['a ring', { l: '->m', m: '->n', n: '->l' }],
    ['growing', { l: '->l/l' }],
  ])('a loop is an error: %s', (_name, spec) => {
    expect(() => resolveWithin(makeTree(spec), '/l')).toThrow(expect.objectContaining({ code: 'SYMLINK_LOOP' }));
  });
});
