import { describe, expect, test } from 'vitest';
import { compilePattern, hasWildcard, matchPattern } from './pattern.ts';

describe('a shell pattern matches whole names', () => {
  test.each<[pattern: string, matching: string[], other: string[]]>([
    ['a', ['a'], ['', 'b', 'aa']],
    ['*', ['', 'a', 'a.b'], ['a/b', '/']],
    ['*.go', ['.go', 'a.go'], ['a.gox', 'd/a.go']],
    ['a*b*c', ['abc', 'axxbyyc', 'abcc'], ['ab', 'abx', 'a/bc']],
    ['?', ['a', 'é', '😀'], ['', '/', 'ab']],
    ['d/*/f', ['d/e/f', 'd//f'], ['d/f', 'd/e/e/f']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'x']],
    ['[^a-c]x', ['dx', '/x'], ['ax']],
    ['[\\]]', [']'], ['\\']],
    ['[é-ü]', ['ö'], ['z']],
    ['\\*', ['*'], ['a', '\\*']],
    ['a]', ['a]'], ['a']],
    ['(a|b)+', ['(a|b)+'], ['a']],
  ])('%s', (pattern, matching, other) => {
    expect(matching.filter((name) => !matchPattern(pattern, name))).toEqual([]);
    expect(other.filter((name) => matchPattern(pattern, name))).toEqual([]);
  });

  test.each(['[', '[a', '[]', '[]a]', '[^]', '[a-]', '[-a]', 'a\\', '[\\', '[a-'])('%s is no pattern', (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ code: 'DOCKERFILE_PATTERN' }));
  });

  test('a wildcard is told from an escaped one', () => {
    expect(['a*', '?', '[a]', 'a\\*', 'a', 'a]', '\\\\*'].filter(hasWildcard)).toEqual(['a*', '?', '[a]', '\\\\*']);
  });

  test('many stars take no exponential time', () => {
    expect(matchPattern(`${'*a'.repeat(50)}b`, 'a'.repeat(5000))).toBe(false);
  });
});
