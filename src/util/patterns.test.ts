import { describe, expect, test } from 'vitest';
import { cleanPath, globMatcher, hasWildcard, patternMatcher, unescapeGlob } from './patterns.ts';

describe('globMatcher matches as filepath.Match does', () => {
  test.each([
    ['abc', 'abc', true],
    ['*', 'abc', true],
    ['*c', 'abc', true],
    ['a*', 'a', true],
    ['a*', 'ab/c', false],
    ['a*/b', 'abc/b', true],
    ['a*/b', 'a/c/b', false],
    ['a*b*c*d*e*/f', 'axbxcxdxe/f', true],
    ['a*b?c*x', 'abxbbxdbxebxczzx', true],
    ['ab[c]', 'abc', true],
    ['ab[b-d]', 'abc', true],
    ['ab[e-g]', 'abc', false],
    ['ab[^c]', 'abc', false],
    ['ab[^e-g]', 'abc', true],
    [String.raw`a\*b`, 'a*b', true],
    [String.raw`a\*b`, 'ab', false],
    ['a?b', 'a☺b', true],
    ['a[^a]b', 'a☺b', true],
    ['a???b', 'a☺b', false],
    ['a?b', 'a/b', false],
    ['a*b', 'a/b', false],
    [String.raw`[\]a]`, ']', true],
    [String.raw`[\-x]`, 'x', true],
    [String.raw`[x\-]`, '-', true],
    ['[z-a]', 'b', false],
    ['*x', 'xxx', true],
    ['a.c', 'abc', false],
    ['^a$', '^a$', true],
  ])('%s %s → %s', (pattern, path, expected) => {
    expect(globMatcher(pattern)(path)).toBe(expected);
  });

  test.each(['[]a]', '[-]', '[x-]', '[-x]', '[a-b-c]', '[', '[^', '[^bc', 'a[', 'a\\'])('%s is refused', (pattern) => {
    expect(() => globMatcher(pattern)).toThrow(expect.objectContaining({ code: 'PATTERN_INVALID' }));
  });
});

describe('patternMatcher', () => {
  test.each<[string[], string, boolean]>([
    [['**'], 'file', true],
    [['**'], 'dir/file', true],
    [['**/'], 'dir/file', true],
    [['**/**'], 'dir/file', true],
    [['dir/**'], 'dir', false],
    [['dir/**'], 'dir/file', true],
    [['dir/**'], 'dir/sub/file', true],
    [['**/dir2/*'], 'dir/dir2/file', true],
    [['**/dir2/*'], 'dir/dir2/sub/file', true],
    [['**/dir2/**'], 'dir/dir2/sub/file', true],
    [['**file'], 'file', true],
    [['**file'], 'dir/afile', true],
    [['**/file'], 'file', true],
    [['**/file'], 'dir/file', true],
    [['**/file'], 'dir/afile', false],
    [['**/file*'], 'dir/file.txt', true],
    [['**/file*txt'], 'dir/dir/file.txt', true],
    [['**/**/*.txt'], 'dir/dir/file.txt', true],
    [['a**/*.txt'], 'a/dir/file.txt', true],
    [['a/*.txt'], 'a/dir/file.txt', false],
    [['a/**/b'], 'a/b', true],
    [['a/**/b'], 'a/x/y/b', true],
    [['a/**/b'], 'a/xb', false],
    [['.*'], '.foo', true],
    [['.*'], 'foo', false],
    [['abc.def'], 'abcXdef', false],
    [['a(b)c'], 'a(b)c', true],
    [['docs'], 'docs/a/b.md', true],
    [['docs/'], 'docs/a', true],
    [['./docs'], 'docs', true],
    [['a/../docs'], 'docs', true],
    [['*', '!README.md'], 'README.md', false],
    [['*', '!README.md'], 'other', true],
    [['docs', '!docs/README.md'], 'docs/README.md', false],
    [['docs', '!docs/README.md'], 'docs/x.md', true],
    [['docs', '!docs/README*', 'docs/README-secret.md'], 'docs/README-secret.md', true],
    [['!a', 'a'], 'a', true],
    [['a', '!a/b', 'a'], 'a/b', true],
    [['*', '!a'], 'a/b/c', false],
    [[' padded ', ''], 'padded', true],
    [[], 'x', false],
    [['*/*/temp*'], 'a/b/temporary', true],
    [['temp?'], 'tempa', true],
  ])('%j on %s → %s, asked directly or while walking', (patterns, path, expected) => {
    const matcher = patternMatcher(patterns);
    expect(matcher.matches(path)).toBe(expected);
    const parts = path.split('/');
    let state: ReturnType<typeof matcher.state> | undefined;
    for (let length = 1; length <= parts.length; length++)
      state = matcher.state(parts.slice(0, length).join('/'), state);
    expect(state?.matched).toBe(expected);
  });

  test.each<[string[], string, boolean]>([
    [['a'], 'a', false],
    [['a', '!a/b'], 'a', true],
    [['a', '!a/b/c'], 'a/b', true],
    [['a', '!a/b/c'], 'a/x', false],
    [['*', '!*.md'], 'node_modules', false],
    [['*', '!*/keep'], 'node_modules', true],
    [['*', '!**/*.md'], 'a/b/c', true],
    [['*', '!src/**'], 'src', true],
    [['*', '!src/**'], 'lib', false],
    [['*', '![ab]/c'], 'x', true],
  ])('%j: below %s may be an exception: %s', (patterns, folder, expected) => {
    expect(patternMatcher(patterns).canReinclude(folder)).toBe(expected);
  });

  test.each<[string[], string, boolean]>([
    [['a/b'], 'a', true],
    [['a/b'], 'c', false],
    [['a/*/c'], 'a/x', true],
    [['*.go'], 'a', false],
    [['**/*.go'], 'a', true],
  ])('%j: below %s may be a match: %s', (patterns, folder, expected) => {
    expect(patternMatcher(patterns).canMatchBelow(folder)).toBe(expected);
  });

  test.each(['!', '[', 'a\\'])('%s is refused by name', (pattern) => {
    expect(() => patternMatcher([pattern])).toThrow(expect.objectContaining({ code: 'PATTERN_INVALID' }));
  });
});

test.each([
  ['a*', true],
  [String.raw`a\*`, false],
  [String.raw`a\\*`, true],
  ['a', false],
  ['a[b]', true],
])('hasWildcard(%s) is %s', (pattern, expected) => {
  expect(hasWildcard(pattern)).toBe(expected);
});

test('unescapeGlob takes the escapes away', () => {
  expect(unescapeGlob(String.raw`a\*b\\c`)).toBe(String.raw`a*b\c`);
});

test.each([
  ['', '.'],
  ['/', '/'],
  ['a//b/./c/..', 'a/b'],
  ['/../a', '/a'],
  ['../a', '../a'],
  ['a/..', '.'],
])('cleanPath(%s) is %s', (path, expected) => {
  expect(cleanPath(path)).toBe(expected);
});
