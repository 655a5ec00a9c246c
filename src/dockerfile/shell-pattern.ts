import { failure } from './failure.ts';

/** One place of a pattern: a code point to equal, or a wildcard; none of the wildcards crosses a line end. */
type Token = string | typeof ANY | typeof STAR;
const ANY = Symbol('?');
const STAR = Symbol('*');

/** Steps after which a substitution is given up: far more than any real value needs. */
const STEP_LIMIT = 5_000_000;
/** Code points a substitution may grow to. */
const RESULT_LIMIT = 16 * 1024 * 1024;

/** `${value#pattern}`, or with `longest` `${value##pattern}`. */
export function trimPrefix(value: string, pattern: string, options: { longest: boolean }): string {
  return trimLeading([...value], parsePattern([...pattern]), options).join('');
}

/** `${value%pattern}`, or with `longest` `${value%%pattern}`. */
export function trimSuffix(value: string, pattern: string, options: { longest: boolean }): string {
  const tokens = parsePattern(reversePattern([...pattern]));
  return trimLeading([...value].toReversed(), tokens, options)
    .toReversed()
    .join('');
}

/** `${value/pattern/replacement}`, or with `all` `${value//pattern/replacement}`: leftmost, longest matches. */
export function replacePattern(value: string, pattern: string, options: { replacement: string; all: boolean }): string {
  const text = [...value];
  const matcher = new Matcher(parsePattern([...pattern]));
  let result = '';
  let copied = 0;
  let position = 0;
  let lastEnd = -1;
  while (position <= text.length) {
    const end = matcher.matchAt(text, position, { longest: true });
    // An empty match right behind the last match is none.
    if (end === undefined || (end === position && position === lastEnd)) {
      position++;
      continue;
    }
    result += text.slice(copied, position).join('') + options.replacement;
    if (result.length > RESULT_LIMIT) throw failure('the substitution grows too long', { code: 'DOCKERFILE_EXPAND' });
    copied = end;
    lastEnd = end;
    if (!options.all) break;
    position = end > position ? end : position + 1;
  }
  return result + text.slice(copied).join('');
}

function trimLeading(text: readonly string[], tokens: readonly Token[], options: { longest: boolean }): string[] {
  const end = new Matcher(tokens).matchAt(text, 0, options);
  return text.slice(end ?? 0);
}

/** Back to front, but an escape stays in front of what it escapes. */
function reversePattern(pattern: readonly string[]): string[] {
  const reversed: string[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? '';
    const next = pattern[at + 1];
    if (char === '\\' && next !== undefined) {
      reversed.push(next, char);
      at++;
    } else reversed.push(char);
  }
  return reversed.toReversed();
}

function parsePattern(pattern: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? '';
    if (char === '*') tokens.push(STAR);
    else if (char === '?') tokens.push(ANY);
    else if (char === '\\') {
      const escaped = pattern[++at];
      // `}` and `/` end a part of the substitution, so they too may be escaped.
      if (escaped === undefined || !'*?\\}/'.includes(escaped)) {
        throw failure(`invalid pattern (${pattern.join('')}) in substitution: invalid escape '\\${escaped ?? ''}'`, {
          code: 'DOCKERFILE_EXPAND',
        });
      }
      tokens.push(escaped);
    } else tokens.push(char);
  }
  return tokens;
}

/** Runs all ways through a pattern at once, so that no pattern takes exponential time. */
class Matcher {
  readonly #tokens: readonly Token[];
  #steps = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Where a match that begins at `start` ends. */
  matchAt(text: readonly string[], start: number, options: { longest: boolean }): number | undefined {
    let states: number[] = [];
    this.#enter(0, states);
    let end: number | undefined;
    for (let at = start; ; at++) {
      if (states.at(-1) === this.#tokens.length) {
        end = at;
        if (!options.longest) return end;
      }
      const char = text[at];
      if (char === undefined || states.length === 0) return end;
      this.#steps += states.length;
      if (this.#steps > STEP_LIMIT) {
        throw failure('the pattern takes too long to match', { code: 'DOCKERFILE_EXPAND' });
      }
      const next: number[] = [];
      for (const state of states) {
        const token = this.#tokens[state];
        if (token === STAR ? char !== '\n' : false) this.#enter(state, next);
        else if (token === ANY ? char !== '\n' : token === char) this.#enter(state + 1, next);
      }
      states = next;
    }
  }

  /** Adds a state and those reached from it without a character; states stay sorted and unique. */
  #enter(state: number, states: number[]): void {
    for (let at = state; ; at++) {
      if ((states.at(-1) ?? -1) < at) states.push(at);
      if (this.#tokens[at] !== STAR) return;
    }
  }
}
