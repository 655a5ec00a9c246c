import { PolyarchError } from './error.ts';

/**
 * Matches one path against a pattern of Go's `filepath.Match`: `*` and `?` stop at a slash, `[a-z]` and
 * `[^a-z]` are classes, a backslash takes the next character literally; the whole path must match.
 *
 * @throws PolyarchError PATTERN_INVALID for an unclosed or empty class, an open range or a trailing backslash
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  const regexp = new RegExp(`^${parseGlob(pattern, false).source}$`, 'su');
  return (path) => regexp.test(path);
}

/** True when `*`, `?` or `[` stands unescaped in the pattern. */
export function hasWildcard(pattern: string): boolean {
  return /^(?:[^\\*?[]|\\[^])*[*?[]/.test(pattern);
}

/** A pattern without wildcards, its escapes taken away. */
export function unescapeGlob(pattern: string): string {
  return pattern.replaceAll(/\\([^])/g, '$1');
}

/** What is known of a path; kept while walking, so that a parent's results are not found again for each child. */
export interface PatternState {
  /** The last pattern that matches the path or one of its parents is not an exception. */
  readonly matched: boolean;
}

/**
 * An ordered list of patterns as in `.dockerignore` and in LLB's include and exclude patterns
 * (moby/patternmatcher): `**` spans folders, `!` makes an exception, the last match counts, and a pattern
 * that matches a folder matches everything below it. Paths are relative, with slashes, cleaned.
 */
export interface PatternMatcher {
  readonly empty: boolean;
  readonly hasExceptions: boolean;
  matches(path: string): boolean;
  /** Same as `matches`, given the state of the parent folder (undefined directly below the root). */
  state(path: string, parent?: PatternState): PatternState;
  /** False when nothing below the folder, itself matched, can be an exception: it need not be read. */
  canReinclude(folder: string): boolean;
  /** False when no pattern can match anything below the folder, itself not matched. */
  canMatchBelow(folder: string): boolean;
}

/** @throws PolyarchError PATTERN_INVALID, naming the pattern */
export function patternMatcher(patterns: readonly string[]): PatternMatcher {
  const list = patterns
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '')
    .map(parsePattern);
  const hasExceptions = list.some((pattern) => pattern.exception);
  const state = (path: string, parent?: State) => new State(list, path, parent);
  const below = (folder: string, exception: boolean) => {
    const parts = folder.split('/');
    return list.some((pattern) => pattern.exception === exception && pattern.couldMatchBelow(parts));
  };
  return {
    empty: list.length === 0,
    hasExceptions,
    matches: (path) => {
      let current: State | undefined;
      for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
        current = state(path.slice(0, end), current);
      return state(path, current).matched;
    },
    state: (path, parent) => state(path, parent instanceof State ? parent : undefined),
    canReinclude: (folder) => hasExceptions && below(folder, true),
    canMatchBelow: (folder) => below(folder, false),
  };
}

interface Pattern {
  readonly exception: boolean;
  readonly test: (path: string) => boolean;
  readonly couldMatchBelow: (folder: readonly string[]) => boolean;
}

class State implements PatternState {
  readonly matched: boolean;
  readonly #path: string;
  readonly #parent: State | undefined;
  readonly #list: readonly Pattern[];
  /** By pattern: matches the path or a parent; undefined until asked. */
  readonly #known: (boolean | undefined)[] = [];

  constructor(list: readonly Pattern[], path: string, parent: State | undefined) {
    this.#list = list;
    this.#path = path;
    this.#parent = parent;
    let matched = false;
    for (let index = 0; index < list.length; index++) {
      // A pattern that could not change the answer is not tried.
      if (list[index]?.exception === matched && this.#matchesPattern(index)) matched = !matched;
    }
    this.matched = matched;
  }

  #matchesPattern(index: number): boolean {
    let known = this.#known[index];
    if (known === undefined) {
      const parent = this.#parent;
      known = (parent !== undefined && parent.#matchesPattern(index)) || this.#list[index]?.test(this.#path) === true;
      this.#known[index] = known;
    }
    return known;
  }
}

function parsePattern(text: string): Pattern {
  const cleaned = cleanPath(text);
  const exception = cleaned.startsWith('!');
  const pattern = exception ? cleaned.slice(1) : cleaned;
  if (pattern === '') throw invalid(text, 'has nothing after the exclamation mark');
  return { exception, test: pathTest(pattern), couldMatchBelow: belowTest(pattern) };
}

function pathTest(pattern: string): (path: string) => boolean {
  const { source, literal } = parseGlob(pattern, true);
  if (literal) return (path) => path === pattern;
  if (pattern.endsWith('**') && isPlain(pattern.slice(0, -2))) {
    const prefix = pattern.slice(0, -2);
    return (path) => path.startsWith(prefix);
  }
  if (pattern.startsWith('**') && isPlain(pattern.slice(2))) {
    const suffix = pattern.slice(2);
    return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1));
  }
  const regexp = new RegExp(`^${source}$`, 'su');
  return (path) => regexp.test(path);
}

function isPlain(text: string): boolean {
  return !/[\\*?[\]]/.test(text);
}

/** A class may match a slash and an escape may hide one, so such patterns answer yes. */
function belowTest(pattern: string): (folder: readonly string[]) => boolean {
  if (/[[\\]/.test(pattern)) return () => true;
  const parts = pattern
    .split('/')
    .map((part) =>
      part.includes('**') ? undefined : hasWildcard(part) ? globMatcher(part) : (name: string) => name === part,
    );
  return (folder) => {
    for (const [index, name] of folder.entries()) {
      if (index >= parts.length) return false;
      const part = parts[index];
      if (part === undefined) return true;
      if (!part(name)) return false;
    }
    return parts.length > folder.length;
  };
}

/** The pattern as the source of a regular expression; `literal` when nothing in it is special. */
function parseGlob(pattern: string, doubleStar: boolean): { source: string; literal: boolean } {
  let source = '';
  let literal = true;
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') {
      literal = false;
      if (!doubleStar || characters[at + 1] !== '*') {
        source += '[^/]*';
        continue;
      }
      at += characters[at + 2] === '/' ? 2 : 1;
      source += at + 1 === characters.length ? '.*' : '(?:.*/)?';
    } else if (character === '?') {
      literal = false;
      source += '[^/]';
    } else if (character === '[') {
      literal = false;
      const [text, end] = parseClass(characters, at, pattern);
      source += text;
      at = end;
    } else if (character === '\\') {
      literal = false;
      const next = characters[++at];
      if (next === undefined) throw invalid(pattern, 'ends in a backslash');
      source += escapeRegExp(next);
    } else {
      source += escapeRegExp(character);
    }
  }
  return { source, literal };
}

function parseClass(characters: readonly string[], start: number, pattern: string): [source: string, end: number] {
  let at = start + 1;
  let source = '[';
  if (characters[at] === '^') {
    source += '^';
    at++;
  }
  const take = (): string => {
    let character = characters[at++];
    if (character === '-' || character === ']')
      throw invalid(pattern, 'has a class with an open range or nothing in it');
    if (character === '\\') character = characters[at++];
    if (character === undefined) throw invalid(pattern, 'has a class that is not closed');
    return character;
  };
  for (let first = true; first || characters[at] !== ']'; first = false) {
    const low = take();
    let high = low;
    if (characters[at] === '-') {
      at++;
      high = take();
    }
    // A range the wrong way round matches nothing.
    if ((low.codePointAt(0) ?? 0) <= (high.codePointAt(0) ?? 0)) source += `${escapeRegExp(low)}-${escapeRegExp(high)}`;
  }
  return [`${source}]`, at];
}

function escapeRegExp(character: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
}

/** As Go's `path.Clean`: no empty, `.` or inner `..` parts, no slash at the end; `.` when nothing is left. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!rooted) parts.push('..');
  }
  return (rooted ? '/' : '') + parts.join('/') || '.';
}

function invalid(pattern: string, why: string): PolyarchError {
  return new PolyarchError('PATTERN_INVALID', `the pattern ${JSON.stringify(pattern)} ${why}`, {
    hint: 'write a special character with a backslash before it: \\[ \\* \\? \\\\',
  });
}
