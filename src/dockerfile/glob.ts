import { failure } from './failure.ts';

/** One place of a path pattern in the syntax of Go's `filepath.Match`. */
export type GlobToken =
  /** Exactly this code point. */
  | { readonly kind: 'char'; readonly char: string }
  /** `?`: any but `/`. */
  | { readonly kind: 'any' }
  /** `*`: any run without `/`. */
  | { readonly kind: 'star' }
  | GlobClass;

/** `[a-z]` or `[^a-z]`; unlike `?` it may match `/`. */
export interface GlobClass {
  readonly kind: 'class';
  readonly negated: boolean;
  readonly ranges: readonly (readonly [low: number, high: number])[];
}

/** @throws PolyarchError DOCKERFILE_PATTERN for an open class, an empty one, and an escape at the end. */
export function parseGlob(pattern: string): GlobToken[] {
  const chars = [...pattern];
  const tokens: GlobToken[] = [];
  let at = 0;
  while (at < chars.length) {
    const char = chars[at] ?? '';
    at++;
    if (char === '*') tokens.push({ kind: 'star' });
    else if (char === '?') tokens.push({ kind: 'any' });
    else if (char === '\\') tokens.push({ kind: 'char', char: chars[at++] ?? badPattern(pattern) });
    else if (char === '[') {
      const parsed = parseClass(chars, at) ?? badPattern(pattern);
      tokens.push(parsed.token);
      at = parsed.end;
    } else tokens.push({ kind: 'char', char });
  }
  return tokens;
}

/** Whether a code point is one that `token`, which is neither a star nor `?`, stands for. */
export function classHas(token: GlobClass, code: number): boolean {
  return token.ranges.some(([low, high]) => low <= code && code <= high) !== token.negated;
}

function parseClass(chars: readonly string[], start: number): { token: GlobClass; end: number } | undefined {
  let at = start;
  const negated = chars[at] === '^';
  if (negated) at++;
  const ranges: (readonly [number, number])[] = [];
  /** One bound, which something must follow. */
  const bound = (): number | undefined => {
    if (chars[at] === '-' || chars[at] === ']') return undefined;
    if (chars[at] === '\\') at++;
    const code = chars[at++]?.codePointAt(0);
    return at < chars.length ? code : undefined;
  };
  while (chars[at] !== ']' || ranges.length === 0) {
    const low = bound();
    if (low === undefined) return undefined;
    let high: number | undefined = low;
    if (chars[at] === '-') {
      at++;
      high = bound();
      if (high === undefined) return undefined;
    }
    ranges.push([low, high]);
  }
  return { token: { kind: 'class', negated, ranges }, end: at + 1 };
}

function badPattern(pattern: string): never {
  throw failure(`syntax error in pattern ${JSON.stringify(pattern)}`, {
    code: 'DOCKERFILE_PATTERN',
    hint: 'close every [ with ] and escape a literal [ as \\[',
  });
}
