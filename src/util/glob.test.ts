import { describe, expect, test } from 'vitest';
import { globMatcher, hasWildcard, unescapeGlob } from './glob.ts';

describe('a pattern matches whole names, as filepath.Match does', () => {
  test.each<[pattern: string, matching: string[], other: string[]]>([
    ['a', ['a'], ['', 'b', 'aa']],
    ['*', ['', 'a', 'a.b', 'abc'], ['a/b', '/']],
    ['*c', ['abc'], ['abcd']],
    ['*.go', ['.go', 'a.go'], ['a.gox', 'd/a.go']],
    ['a*', ['a'], ['ab/c']],
    ['a*b', ['ab', 'a\nb'], ['a/b']],
    ['a*/b', ['abc/b'], ['a/c/b']],
    ['a-*.b', ['a-.b', 'a-x.b'], ['ax.b', 'a-xb']],
    ['a*b*c', ['abc', 'axxbyyc', 'abcc'], ['ab', 'abx', 'a/bc']],
    ['a*b*c*d*e*/f', ['axbxcxdxe/f'], ['axbxcxdxexxx/fff']],
    ['a*b?c*x', ['abxbbxdbxebxczzx'], ['abxbbxdbxebxczzy']],
    ['*x', ['xxx'], ['xxy']],
    ['?', ['a', 'é', '😀', '\n'], ['', '/', 'ab']],
    ['a?b', ['a☺b'], ['a/b']],
    ['a???b', [], ['a☺b']],
    ['d/*/f', ['d/e/f', 'd//f'], ['d/f', 'd/e/e/f']],
    ['ab[c]', ['abc'], ['ab']],
    ['ab[b-d]', ['abc'], ['abe']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'x']],
    ['[^a-c]x', ['dx', '/x'], ['ax']],
    ['a[^a]b', ['a☺b'], ['aab']],
    ['[z-a]', [], ['b']],
    ['[é-ü]', ['ö'], ['z']],
    [String.raw`[\]a]`, [']', 'a'], ['\\']],
    [String.raw`[\-x]`, ['x', '-'], ['a']],
    [String.raw`[x\-]`, ['-'], ['\\']],
    [String.raw`a\*b`, ['a*b'], ['ab', 'axb']],
    [String.raw`\*`, ['*'], ['a', '\\*']],
    ['a]', ['a]'], ['a']],
    ['a.c', ['a.c'], ['abc']],
    ['^a$', ['^a$'], ['a']],
    ['*(a|b)+{1}', ['(a|b)+{1}'], ['a']],
  ])('%s', (pattern, matching, other) => {
    const matches = globMatcher(pattern);
    expect(matching.filter((name) => !matches(name))).toEqual([]);
    expect(other.filter((name) => matches(name))).toEqual([]);
  });

  test.each(
    '[ [a [] []a] [^] [^ [^bc [- [-] [x-] [-x] [a- [a-] [-a] [a-b-c] a[ a\\ [\\'.split(' ').map((pattern) => [pattern]),
  )('%s is no pattern', (pattern) => {
    expect(() => globMatcher(pattern)).toThrow(expect.objectContaining({ code: 'PATTERN_INVALID' }));
  });

  test('many stars take no exponential time', () => {
    expect(globMatcher(`${'*a'.repeat(50)}b`)('a'.repeat(5000))).toBe(false);
  });
});

test('a wildcard is told from an escaped one', () => {
  const wild = ['a*', '?', '[a]', 'a[b]', String.raw`a\\*`];
  expect([...wild, String.raw`a\*`, 'a', 'a]', ''].filter(hasWildcard)).toEqual(wild);
});

test('unescapeGlob takes the escapes away', () => {
  expect(unescapeGlob(String.raw`a\*b\\c`)).toBe(String.raw`a*b\c`);
});
