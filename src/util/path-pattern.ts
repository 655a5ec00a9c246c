import { tokensReach, tokensTest } from './glob-match.ts';
import { type GlobToken, joinStars, parseGlob } from './glob-parse.ts';

/** One pattern of a `.dockerignore` or an `--exclude`, without its `!`, after cleaning. */
export interface PathPattern {
  /** Whether the pattern names exactly this slash-separated path. */
  matches(path: string): boolean;
  /** Whether the pattern can name something below the folder. */
  reaches(folder: string): boolean;
}

/**
 * Matching as moby's patternmatcher does: `filepath.Match`, and `**` for any number of folders.
 * @throws PolyarchError PATTERN_INVALID
 */
export function pathPattern(pattern: string): PathPattern {
  const tokens = joinStars(parseGlob(pattern));
  const wild = tokens.filter((token) => token.kind !== 'char');
  const [first] = wild;
  if (first === undefined) return exactly(pattern.includes('\\') ? literal(tokens) : pattern);
  if (wild.length === 1 && !pattern.includes('\\')) {
    if (first.kind === 'all') return startingWith(literal(tokens));
    // `**.md` (no slash behind the stars) matches the end of a name too, unlike `a**.md`.
    if (pattern.startsWith('**')) return pattern[2] === '/' ? inAnyFolder(literal(tokens)) : endingIn(literal(tokens));
  }
  return { matches: tokensTest(tokens), reaches: (folder) => tokensReach(tokens, `${folder}/`) };
}

function exactly(text: string): PathPattern {
  return { matches: (path) => path === text, reaches: (folder) => text.startsWith(`${folder}/`) };
}

function startingWith(prefix: string): PathPattern {
  return {
    matches: (path) => path.startsWith(prefix),
    reaches: (folder) => `${folder}/`.startsWith(prefix) || prefix.startsWith(`${folder}/`),
  };
}

function endingIn(suffix: string): PathPattern {
  return { matches: (path) => path.endsWith(suffix), reaches: () => true };
}

function inAnyFolder(name: string): PathPattern {
  const suffix = `/${name}`;
  return { matches: (path) => path === name || path.endsWith(suffix), reaches: () => true };
}

function literal(tokens: readonly GlobToken[]): string {
  return tokens.map((token) => (token.kind === 'char' ? token.char : '')).join('');
}
