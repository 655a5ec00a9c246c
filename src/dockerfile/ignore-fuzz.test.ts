import { array, assert, boolean, constantFrom, property, string, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fuzz, inTime } from '../../test/support/fuzz.ts';
import { parseIgnore } from './dockerignore.ts';
import { PolyarchError } from '../util/error.ts';
import { patternMatcher } from '../util/patterns.ts';

const PIECES = [
  'a',
  'b',
  'ab',
  '*',
  '**',
  '?',
  '/',
  '//',
  '!',
  '.',
  '..',
  '[',
  ']',
  '[ab]',
  '[^a-c]',
  '-',
  '^',
  '\\',
  ' ',
  '#',
  'é',
  '+(',
];
const wild = array(constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join(''));
const component = string({ unit: constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 2 });
const path = array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

function matcherOf(patterns: readonly string[]): ReturnType<typeof patternMatcher> | undefined {
  try {
    return patternMatcher(patterns);
  } catch (error) {
    if (error instanceof PolyarchError && error.code === 'PATTERN_INVALID') return undefined;
    throw error;
  }
}

/** The path and the folders that it is in, the path last. */
function upTo(whole: string): string[] {
  const parts = whole.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

describe('any patterns', () => {
  test('match, do not or are refused by their code, in time and in any order', () => {
    let read = 0;
    assert(
      property(array(wild, { maxLength: 5 }), array(path, { maxLength: 6 }), (patterns, paths) => {
        const matcher = inTime(() => matcherOf(patterns));
        if (matcher === undefined) return;
        read++;
        for (const one of paths) expect(inTime(() => matcher.matches(one))).toBe(patternMatcher(patterns).matches(one));
      }),
      fuzz(3000),
    );
    expect(read).toBeGreaterThan(500);
  });

  test('that are long are too', () => {
    assert(
      property(wild, component, (pattern, name) => {
        const matcher = inTime(() => matcherOf([pattern.repeat(200)]));
        inTime(() => matcher?.matches(name.repeat(400)));
        inTime(() => matcher?.matches(Array.from({ length: 40 }, () => name).join('/')));
      }),
      fuzz(100),
    );
  });
});

const clean = array(constantFrom('a', 'b', 'ab', '*', '?', 'a*', '*b', '**'), { minLength: 1, maxLength: 4 }).map(
  (parts) => parts.join('/'),
);

test('a pattern matches what its regular expression does, and all below it', () => {
  const expression = (pattern: string): RegExp => {
    const source = pattern.replaceAll(/\*\*\/|\/\*\*$|\*\*|\*|\?/g, (wildcard) =>
      wildcard === '**/'
        ? '(?:.*/)?'
        : wildcard === '/**'
          ? '/.*'
          : wildcard === '**'
            ? '.*'
            : wildcard === '*'
              ? '[^/]*'
              : '[^/]',
    );
    return new RegExp(`^${source}$`);
  };
  assert(
    property(clean, path, (pattern, one) => {
      const wanted = upTo(one).some((place) => expression(pattern).test(place));
      expect([pattern, one, patternMatcher([pattern]).matches(one)]).toEqual([pattern, one, wanted]);
    }),
    fuzz(2000),
  );
});

test('what a walk may leave out holds nothing that counts', () => {
  const rules = array(
    tuple(boolean(), clean).map(([exception, pattern]) => (exception ? `!${pattern}` : pattern)),
    { maxLength: 4 },
  );
  assert(
    property(rules, path, (patterns, one) => {
      const matcher = patternMatcher(patterns);
      const [found, ...folders] = upTo(one).toReversed();
      if (found === undefined) return;
      for (const folder of folders) {
        if (matcher.matches(folder) === matcher.matches(found)) continue;
        expect(matcher.matches(folder) ? matcher.canReinclude(folder) : matcher.canMatchBelow(folder)).toBe(true);
      }
    }),
    fuzz(2000),
  );
});

const blank = constantFrom('', ' ', '\t');
const line = tuple(blank, boolean(), blank, constantFrom('', '/', './'), clean, constantFrom('', '/', '/.'), blank);

test('an ignore file gives its patterns without blanks, comments and needless slashes', () => {
  assert(
    property(array(line, { maxLength: 5 }), constantFrom('\n', '\r\n', '\n# x\n', '\n \n'), (lines, end) => {
      const written = lines.map(([a, exception, b, head, pattern, tail, c]) =>
        [a, exception ? `!${b}` : '', head, pattern, tail, c].join(''),
      );
      const wanted = lines.map(([, exception, , , pattern]) => (exception ? `!${pattern}` : pattern));
      expect(parseIgnore(written.join(end))).toEqual(wanted);
    }),
    fuzz(1000),
  );
});
