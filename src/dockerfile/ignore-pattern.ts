import { classHas, parseGlob } from './glob.ts';
import type { GlobToken } from './glob.ts';

/** One pattern of a `.dockerignore` or an `--exclude`, without its `!`, after cleaning. */
export interface IgnorePattern {
  /** Whether the pattern names exactly this slash-separated path. */
  matches(path: string): boolean;
  /** Whether the pattern can name something below the directory. */
  reaches(directory: string): boolean;
}

type Token =
  | GlobToken
  /** `**` with a `/` behind it, or in the middle: nothing, or any run that ends in `/`. */
  | { readonly kind: 'directories' }
  /** `**` at the end: anything. */
  | { readonly kind: 'all' };

/** Patterns with more wildcards are not given to the backtracking engine of RegExp. */
const MAX_REGEXP_WILDCARDS = 3;

/**
 * Matching as moby's patternmatcher does: `filepath.Match`, and `**` for any number of directories.
 * @throws PolyarchError DOCKERFILE_PATTERN.
 */
export function ignorePattern(pattern: string): IgnorePattern {
  const tokens = joinStars(parseGlob(pattern));
  const wild = tokens.filter((token) => token.kind !== 'char');
  const [first] = wild;
  if (first === undefined) return exactly(pattern.includes('\\') ? literal(tokens) : pattern);
  if (wild.length === 1 && first.kind === 'all' && !pattern.includes('\\')) return startingWith(literal(tokens));
  if (wild.length === 1 && tokens[0]?.kind === 'directories' && pattern[2] === '/')
    return inAnyDirectory(literal(tokens));
  // `**.md` (no slash behind the stars) matches the end of a name too, unlike `a**.md`.
  if (wild.length === 1 && pattern.startsWith('**') && pattern[2] !== '/' && !pattern.includes('\\')) {
    const suffix = pattern.slice(2);
    return { matches: (path) => path.endsWith(suffix), reaches: () => true };
  }
  const manyWays = wild.filter((token) => token.kind !== 'any' && token.kind !== 'class').length;
  const expression = manyWays > MAX_REGEXP_WILDCARDS ? undefined : new RegExp(`^${tokens.map(source).join('')}$`, 'u');
  return {
    matches: (path) => (expression === undefined ? run(tokens, path).at(-1) === tokens.length : expression.test(path)),
    reaches: (directory) => run(tokens, `${directory}/`).length > 0,
  };
}

function exactly(text: string): IgnorePattern {
  return { matches: (path) => path === text, reaches: (directory) => text.startsWith(`${directory}/`) };
}

function startingWith(prefix: string): IgnorePattern {
  return {
    matches: (path) => path.startsWith(prefix),
    reaches: (directory) => `${directory}/`.startsWith(prefix) || prefix.startsWith(`${directory}/`),
  };
}

function inAnyDirectory(name: string): IgnorePattern {
  const suffix = `/${name}`;
  return { matches: (path) => path === name || path.endsWith(suffix), reaches: () => true };
}

function literal(tokens: readonly Token[]): string {
  return tokens.map((token) => (token.kind === 'char' ? token.char : '')).join('');
}

function joinStars(tokens: readonly GlobToken[]): Token[] {
  const joined: Token[] = [];
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
    joined.push({ kind: at + 1 >= tokens.length ? 'all' : 'directories' });
  }
  return joined;
}

function source(token: Token): string {
  switch (token.kind) {
    case 'char':
      return token.char.replace(/[\\^$.*+?()[\]{}|/]/, String.raw`\$&`);
    case 'any':
      return '[^/]';
    case 'star':
      return '[^/]*';
    case 'class': {
      const ranges = token.ranges.filter(([low, high]) => low <= high);
      const text = ranges.map(([low, high]) => `\\u{${low.toString(16)}}-\\u{${high.toString(16)}}`).join('');
      return `[${token.negated ? '^' : ''}${text}]`;
    }
    case 'directories':
      return '(?:[^]*/)?';
    case 'all':
      return '[^]*';
  }
}

/** The states, sorted, in which the pattern is after `text`; the last state is its end. */
function run(tokens: readonly Token[], text: string): number[] {
  let states: number[] = [];
  enter(0, { tokens, states });
  for (const char of text) {
    const next: number[] = [];
    for (const state of states) {
      const token = tokens[state];
      if (token === undefined) continue;
      if (token.kind === 'directories') {
        add(state, next);
        if (char === '/') enter(state + 1, { tokens, states: next });
      } else if (token.kind === 'all' || token.kind === 'star') {
        if (token.kind === 'all' || char !== '/') enter(state, { tokens, states: next });
      } else if (accepts(token, char)) enter(state + 1, { tokens, states: next });
    }
    if (next.length === 0) return next;
    states = next.toSorted((left, right) => left - right);
  }
  return states;
}

function accepts(token: GlobToken, char: string): boolean {
  if (token.kind === 'char') return token.char === char;
  if (token.kind === 'class') return classHas(token, char.codePointAt(0) ?? 0);
  return char !== '/';
}

/** Adds a state and those that follow without a character. */
function enter(state: number, { tokens, states }: { tokens: readonly Token[]; states: number[] }): void {
  for (let at = state; ; at++) {
    add(at, states);
    const kind = tokens[at]?.kind;
    if (kind !== 'star' && kind !== 'all' && kind !== 'directories') return;
  }
}

function add(state: number, states: number[]): void {
  if (!states.includes(state)) states.push(state);
}
