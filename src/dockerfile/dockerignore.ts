import { LIMITS } from '../util/limits.ts';
import { failure } from './failure.ts';
import { cleanPath, patternSet } from './pattern-set.ts';
import { trim } from './whitespace.ts';

/** Which files of a context are left out. Paths are relative to the context: `a/b`. */
export interface IgnoreMatcher {
  /** Best asked in the order of a walk, a directory before what it holds. */
  excluded(path: string): boolean;
  /** Whether an excluded directory must be read all the same, because a `!` pattern may name something in it. */
  mayHaveReincluded(directory: string): boolean;
  readonly hasExceptions: boolean;
}

/**
 * The patterns of a `.dockerignore`: lines that begin with `#` and empty lines are left out, the rest is trimmed and
 * cleaned, and a leading `/` is dropped. @throws PolyarchError DOCKERFILE_PATTERN for a file that is too large.
 */
export function parseIgnore(source: Uint8Array | string): readonly string[] {
  if (source.length > LIMITS.ignoreBytes) {
    throw failure(`the ignore file is larger than ${LIMITS.ignoreBytes} bytes`, { code: 'DOCKERFILE_PATTERN' });
  }
  const text = typeof source === 'string' ? source.replace(/^\uFEFF/, '') : new TextDecoder().decode(source);
  const patterns: string[] = [];
  for (const line of text.split('\n')) {
    const pattern = line.startsWith('#') ? '' : trim(line);
    if (pattern === '') continue;
    const inverted = pattern.startsWith('!');
    const path = inverted ? trim(pattern.slice(1)) : pattern;
    const clean = path === '' ? '' : cleanPath(path);
    patterns.push((inverted ? '!' : '') + (clean.length > 1 && clean.startsWith('/') ? clean.slice(1) : clean));
  }
  return patterns;
}

/** @throws PolyarchError DOCKERFILE_PATTERN for a pattern that is none. */
export function ignoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  const set = patternSet(patterns);
  return {
    excluded: set.matches,
    mayHaveReincluded: set.mayExceptBelow,
    hasExceptions: set.hasExceptions,
  };
}
