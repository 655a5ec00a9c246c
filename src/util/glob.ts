import { tokensTest } from './glob-match.ts';
import { parseGlob } from './glob-parse.ts';

/**
 * Matches one path against a pattern of Go's `filepath.Match`: `*` and `?` stop at a slash, `[a-z]` and
 * `[^a-z]` are classes, a backslash takes the next character literally; the whole path must match.
 *
 * @throws PolyarchError PATTERN_INVALID for an unclosed or empty class, an open range or a trailing backslash
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  if (!/[*?[\\]/.test(pattern)) return (path) => path === pattern;
  return tokensTest(parseGlob(pattern));
}

/** True when `*`, `?` or `[` stands unescaped in the pattern. */
export function hasWildcard(pattern: string): boolean {
  return /^(?:[^\\*?[]|\\[^])*[*?[]/.test(pattern);
}

/** A pattern without wildcards, its escapes taken away. */
export function unescapeGlob(pattern: string): string {
  return pattern.replaceAll(/\\([^])/g, '$1');
}
