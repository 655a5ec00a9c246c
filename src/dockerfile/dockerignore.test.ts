import { describe, expect, test } from 'vitest';
import { ignoreMatcher, parseIgnore } from './dockerignore.ts';

/** Paths parted by blanks. */
function paths(text: string): string[] {
  return text.split(' ').filter(Boolean);
}

describe('the patterns of an ignore file', () => {
  test.each<[text: string, patterns: string[]]>([
    ['', []],
    ['\uFEFFa\nb', ['a', 'b']],
    ['# comment\n  # pattern\n\n a \r\nb/\n', ['# pattern', 'a', 'b']],
    ['/abs\n./here\na/../b\n//x', ['abs', 'here', 'b', 'x']],
    ['!keep\n! /spaced \n!', ['!keep', '!spaced', '!']],
    ['.\n/\n**', ['.', '/', '**']],
  ])('%j', (text, patterns) => {
    expect(parseIgnore(text)).toEqual(patterns);
    expect(parseIgnore(new TextEncoder().encode(text))).toEqual(patterns);
  });
});

describe('what is excluded', () => {
  test.each<[patterns: string, excluded: string, kept: string]>([
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
  ])('%s', (patterns, excluded, kept) => {
    const matcher = ignoreMatcher(patterns.split(' '));
    expect(paths(excluded).filter((path) => !matcher.excluded(path))).toEqual([]);
    expect(paths(kept).filter((path) => matcher.excluded(path))).toEqual([]);
  });

  test.each(['!', '[', 'a/[', '!a['])('%s is no pattern', (pattern) => {
    expect(() => ignoreMatcher([pattern])).toThrow(expect.objectContaining({ code: 'DOCKERFILE_PATTERN' }));
  });
});

describe('an excluded directory is read for what an exception may name in it', () => {
  test.each<[patterns: string, read: string, skipped: string]>([
    ['*', '', 'a'],
    ['* !a', '', 'b a'],
    ['* !a/b/c', 'a a/b', 'b a/c a/b/c'],
    ['* !a/*/c', 'a a/x', 'b a/x/c'],
    ['* !**/keep', 'a a/b', ''],
    ['* !a/**', 'a a/b', 'b ab'],
    ['* !**.md', 'a', ''],
  ])('%s', (patterns, read, skipped) => {
    const { mayHaveReincluded } = ignoreMatcher(patterns.split(' '));
    expect(paths(read).filter((path) => !mayHaveReincluded(path))).toEqual([]);
    expect(paths(skipped).filter((path) => mayHaveReincluded(path))).toEqual([]);
  });
});

test('the order of the questions does not change the answers', () => {
  const patterns = ['a', '!a/b', 'a/b/c', '**/z', '!**/y/z'];
  const asked = ['a', 'a/b', 'a/b/c', 'a/b/c/d', 'a/b/y/z', 'a/q', 'b', 'b/z', 'b/y/z', 'z/k'];
  const answers = (order: readonly string[]): Record<string, boolean> => {
    const matcher = ignoreMatcher(patterns);
    return Object.fromEntries(order.map((path) => [path, matcher.excluded(path)]));
  };
  expect(answers(asked.toReversed())).toEqual(answers(asked));
});
