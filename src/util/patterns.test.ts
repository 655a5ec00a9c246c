import { describe, expect, test } from 'vitest';
import { patternMatcher } from './patterns.ts';

/** Paths parted by blanks. */
function paths(text: string): string[] {
  return text.split(' ').filter(Boolean);
}

describe('what matches', () => {
  test.each<[patterns: string, matching: string, other: string]>([
    ['a', 'a a/b a/b/c', 'b b/a ab'],
    ['a/b', 'a/b a/b/c', 'a a/c b'],
    ['*', 'a a/b .x', ''],
    ['*.md', 'x.md x.md/y', 'd/x.md x.mdx'],
    ['**/*.md', 'x.md d/x.md d/e/x.md', 'd/x.txt'],
    ['**.md', 'x.md d/x.md', 'x.md.txt'],
    ['**/node_modules', 'node_modules a/node_modules a/b/node_modules/c', 'node_modules2'],
    ['a/**', 'a/b a/b/c', 'a b'],
    ['a/**/z', 'a/z a/b/z a/b/c/z', 'z a/b'],
    ['a**b', 'ab a/b ax/b', 'axb'],
    ['**', 'a a/b', ''],
    ['?x', 'ax', 'x abx /x'],
    ['[ab]c', 'ac bc ac/d', 'cc'],
    ['[^a]c', 'bc', 'ac'],
    ['a\\*', 'a*', 'ab'],
    ['a.b+(c)|$', 'a.b+(c)|$', 'axb+(c)|$'],
    ['a^', 'a^', 'a'],
    ['* !a', 'b c/d', 'a a/b'],
    ['* !a a/b', 'a/b a/b/c', 'a a/c'],
    ['a !a/b', 'a a/c', 'a/b a/b/c'],
    ['!a', '', 'a'],
    ['a !a', '', 'a a/b'],
    ['**/*.md !README.md', 'x.md d/README.md', 'README.md'],
    ['x !x/y x', 'x x/z', 'x/y'],
    ['*a*a*a*a*b', 'aaaab xaxaxaxab', 'aaaa'],
    ['a-*/b', 'a-x/b', 'a/b'],
    ['**/a-?', 'a-x c/a-y', 'ax'],
  ])('%s', (patterns, matching, other) => {
    const matcher = patternMatcher(patterns.split(' '));
    expect(paths(matching).filter((path) => !matcher.matches(path))).toEqual([]);
    expect(paths(other).filter((path) => matcher.matches(path))).toEqual([]);
  });

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
    [['*', '!a'], 'a/b/c', false],
    [[' padded ', ''], 'padded', true],
    [[], 'x', false],
    [['*/*/temp*'], 'a/b/temporary', true],
    [['temp?'], 'tempa', true],
  ])('%j on %s → %s', (patterns, path, expected) => {
    expect(patternMatcher(patterns).matches(path)).toBe(expected);
  });

  // moby asks a rule about a folder only where it could change the answer, and forgets it below.
  test.each<[string[], string, boolean]>([
    [['a', '!a/b', 'a'], 'a/b', false],
    [['**x', '!a'], 'a/x', true],
  ])('%j on %s → %s, as in BuildKit', (patterns, path, expected) => {
    expect(patternMatcher(patterns).matches(path)).toBe(expected);
  });

  test.each(['!', '[', 'a/[', '!a[', 'a\\'])('%s is refused by name', (pattern) => {
    expect(() => patternMatcher([pattern])).toThrow(expect.objectContaining({ code: 'PATTERN_INVALID' }));
  });

  test('the order of the questions does not change the answers', () => {
    const patterns = ['a', '!a/b', 'a/b/c', '**/z', '!**/y/z'];
    const asked = ['a', 'a/b', 'a/b/c', 'a/b/c/d', 'a/b/y/z', 'a/q', 'b', 'b/z', 'b/y/z', 'z/k'];
    const answers = (order: readonly string[]): Record<string, boolean> => {
      const matcher = patternMatcher(patterns);
      return Object.fromEntries(order.map((path) => [path, matcher.matches(path)]));
    };
    expect(answers(asked.toReversed())).toEqual(answers(asked));
  });
});

describe('a folder that matches is read for what an exception may name in it', () => {
  test.each<[patterns: string, read: string, skipped: string]>([
    ['*', '', 'a'],
    ['* !a', '', 'b a'],
    ['* !a/b/c', 'a a/b', 'b a/c a/b/c'],
    ['* !a/*/c', 'a a/x', 'b a/x/c'],
    ['* !**/keep', 'a a/b', ''],
    ['* !a/**', 'a a/b', 'b ab'],
    ['* !**.md', 'a', ''],
  ])('%s', (patterns, read, skipped) => {
    const { canReinclude } = patternMatcher(patterns.split(' '));
    expect(paths(read).filter((path) => !canReinclude(path))).toEqual([]);
    expect(paths(skipped).filter((path) => canReinclude(path))).toEqual([]);
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
    [['*', '![ab]/c'], 'a', true],
    [['*', '![ab]/c'], 'x', false],
  ])('%j, below %s: %s', (patterns, folder, expected) => {
    expect(patternMatcher(patterns).canReinclude(folder)).toBe(expected);
  });
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
