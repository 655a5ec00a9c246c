import { PolyarchError } from './error.ts';

/** One place of a pattern in the syntax of Go's `filepath.Match`, or of moby's patternmatcher. */
export type GlobToken =
  /** Exactly this code point. */
  | { readonly kind: 'char'; readonly char: string }
  /** `?`: any but `/`. */
  | { readonly kind: 'any' }
  /** `*`: any run without `/`. */
  | { readonly kind: 'star' }
  | GlobClass
  /** `**` with a `/` behind it, or in the middle: nothing, or any run that ends in `/`. Made by `joinStars`. */
  | { readonly kind: 'folders' }
  /** `**` at the end: anything. Made by `joinStars`. */
  | { readonly kind: 'all' };

/** `[a-z]` or `[^a-z]`; unlike `?` it may match `/`. A range the wrong way round holds nothing. */
export interface GlobClass {
  readonly kind: 'class';
  readonly negated: boolean;
  readonly ranges: readonly (readonly [low: number, high: number])[];
}

/** @throws PolyarchError PATTERN_INVALID for an unclosed or empty class, an open range or a trailing backslash */
export function parseGlob(pattern: string): GlobToken[] {
  const chars = [...pattern];
  const tokens: GlobToken[] = [];
  let at = 0;
  while (at < chars.length) {
    const char = chars[at++] ?? '';
    if (char === '*') tokens.push({ kind: 'star' });
    else if (char === '?') tokens.push({ kind: 'any' });
    else if (char === '\\') {
      const escaped = chars[at++];
      if (escaped === undefined) throw invalidPattern(pattern, 'ends in a backslash');
      tokens.push({ kind: 'char', char: escaped });
    } else if (char === '[') {
      const { token, end } = parseClass(chars, { start: at, pattern });
      tokens.push(token);
      at = end;
    } else tokens.push({ kind: 'char', char });
  }
  return tokens;
}

function parseClass(chars: readonly string[], { start, pattern }: { start: number; pattern: string }) {
  let at = start;
  const negated = chars[at] === '^';
  if (negated) at++;
  const ranges: (readonly [number, number])[] = [];
  /** One bound, which something must follow. */
  const bound = (): number => {
    if (chars[at] === '-' || chars[at] === ']')
      throw invalidPattern(pattern, 'has a class with an open range or nothing in it');
    if (chars[at] === '\\') at++;
    const code = chars[at++]?.codePointAt(0);
    if (code === undefined || at >= chars.length) throw invalidPattern(pattern, 'has a class that is not closed');
    return code;
  };
  while (chars[at] !== ']' || ranges.length === 0) {
    const low = bound();
    if (chars[at] === '-') {
      at++;
      ranges.push([low, bound()]);
    } else ranges.push([low, low]);
  }
  const token: GlobClass = { kind: 'class', negated, ranges };
  return { token, end: at + 1 };
}

/** Two stars side by side become one token that spans folders, with the slash behind them. */
export function joinStars(tokens: readonly GlobToken[]): GlobToken[] {
  const joined: GlobToken[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    if (token.kind !== 'star' || tokens[at + 1]?.kind !== 'star') {
      joined.push(token);
      continue;
    }
    at++;
    const next = tokens[at + 1];
    if (next?.kind === 'char' && next.char === '/') at++;
    joined.push({ kind: at + 1 >= tokens.length ? 'all' : 'folders' });
  }
  return joined;
}

export function invalidPattern(pattern: string, why: string): PolyarchError {
  return new PolyarchError('PATTERN_INVALID', `the pattern ${JSON.stringify(pattern)} ${why}`, {
    hint: 'write a special character with a backslash before it: \\[ \\* \\? \\\\',
  });
}
