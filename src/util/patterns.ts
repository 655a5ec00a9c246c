import { cleanPath } from './clean-path.ts';
import { invalidPattern } from './glob-parse.ts';
import { type PathPattern, pathPattern } from './path-pattern.ts';

/**
 * An ordered list of patterns as in `.dockerignore` and in LLB's include and exclude patterns: `**` spans folders,
 * `!` makes an exception, the last match counts, and a pattern that matches a folder matches everything below it.
 * Paths are relative, with slashes, cleaned (`a/b`, not `./a/b` or `a/b/`).
 */
export interface PatternMatcher {
  readonly hasExceptions: boolean;
  /** Fast when paths come as a walk gives them, a folder before what it holds; right in any order. */
  matches(path: string): boolean;
  /** False when nothing below the folder, itself matched, can be an exception: it need not be read. */
  canReinclude(folder: string): boolean;
  /** False when no pattern can match anything below the folder, itself not matched. */
  canMatchBelow(folder: string): boolean;
}

interface Rule {
  readonly pattern: PathPattern;
  readonly exception: boolean;
}

/** Which rules matched a folder, for what is below it. */
interface Level {
  readonly prefix: string;
  readonly found: Uint8Array;
}

/**
 * As moby's patternmatcher in fsutil's walk: a rule that was not asked about a folder, for want of effect, does not
 * count for what is below it either.
 *
 * @throws PolyarchError PATTERN_INVALID, naming the pattern
 */
export function patternMatcher(patterns: readonly string[]): PatternMatcher {
  const rules = patterns
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '')
    .map(toRule);
  const hasExceptions = rules.some((rule) => rule.exception);
  const levels: Level[] = [];

  function evaluate(path: string, parent: Uint8Array | undefined): { matched: boolean; found: Uint8Array } {
    const found = new Uint8Array(rules.length);
    let matched = false;
    for (const [index, rule] of rules.entries()) {
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
    matches: (path) => evaluate(path, parentOf(path)).matched,
    canReinclude: (folder) => hasExceptions && rules.some((rule) => rule.exception && rule.pattern.reaches(folder)),
    canMatchBelow: (folder) => rules.some((rule) => !rule.exception && rule.pattern.reaches(folder)),
  };
}

function toRule(text: string): Rule {
  const clean = cleanPath(text);
  if (clean === '!') throw invalidPattern(text, 'has nothing after the exclamation mark');
  const exception = clean.startsWith('!');
  return { exception, pattern: pathPattern(exception ? clean.slice(1) : clean) };
}
