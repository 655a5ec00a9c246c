import { posix } from 'node:path';
import { failure } from './failure.ts';
import { ignorePattern } from './ignore-pattern.ts';
import type { IgnorePattern } from './ignore-pattern.ts';
import { trim } from './whitespace.ts';

/**
 * Patterns in order, `!` in front of exceptions; the last that matches decides. A pattern that matches a directory
 * matches what is below it. Paths are relative, slash-separated and clean (`a/b`, not `./a/b` or `a/b/`).
 */
export interface PatternSet {
  /** Fast when paths come as a walk gives them, a directory before what it holds; right in any order. */
  matches(path: string): boolean;
  /** Whether a directory that does not match may hold something that does. */
  mayMatchBelow(directory: string): boolean;
  /** Whether a directory that matches may hold something that, by an exception, does not. */
  mayExceptBelow(directory: string): boolean;
  readonly hasExceptions: boolean;
}

interface Rule {
  readonly pattern: IgnorePattern;
  readonly exception: boolean;
}

/** Which rules matched a directory, for what is below it. */
interface Level {
  readonly prefix: string;
  readonly found: Uint8Array;
}

/** As moby's patternmatcher and fsutil's walk. @throws PolyarchError DOCKERFILE_PATTERN. */
export function patternSet(patterns: readonly string[]): PatternSet {
  const rules = patterns.map(trim).filter(Boolean).map(toRule);
  const hasExceptions = rules.some((rule) => rule.exception);
  const levels: Level[] = [];

  function evaluate(path: string, parent: Uint8Array | undefined): { matched: boolean; found: Uint8Array } {
    const found = new Uint8Array(rules.length);
    let matched = false;
    for (let index = 0; index < rules.length; index++) {
      const rule = rules[index];
      if (rule === undefined) break;
      if (parent?.[index] !== 1) {
        // Neither an exception to nothing nor a second match changes anything.
        if (rule.exception !== matched || !rule.pattern.matches(path)) continue;
      }
      found[index] = 1;
      matched = !rule.exception;
    }
    return { matched, found };
  }

  function parentOf(path: string): Uint8Array | undefined {
    for (let top = levels.at(-1); top !== undefined && !path.startsWith(top.prefix); top = levels.at(-1)) levels.pop();
    for (;;) {
      const top = levels.at(-1);
      const slash = path.indexOf('/', top?.prefix.length ?? 0);
      if (slash < 0) return top?.found;
      const { found } = evaluate(path.slice(0, slash), top?.found);
      levels.push({ prefix: path.slice(0, slash + 1), found });
    }
  }

  return {
    hasExceptions,
    matches: (path) => rules.length > 0 && evaluate(path, parentOf(path)).matched,
    mayMatchBelow: (directory) => rules.some((rule) => !rule.exception && rule.pattern.reaches(directory)),
    mayExceptBelow: (directory) =>
      hasExceptions && rules.some((rule) => rule.exception && rule.pattern.reaches(directory)),
  };
}

/** The shortest path that means the same, without a slash at its end. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

function toRule(text: string): Rule {
  const clean = cleanPath(text);
  if (clean === '!') {
    throw failure('illegal exclusion pattern: "!"', {
      code: 'DOCKERFILE_PATTERN',
      hint: 'name what to include again behind the !',
    });
  }
  const exception = clean.startsWith('!');
  return { exception, pattern: ignorePattern(exception ? clean.slice(1) : clean) };
}
