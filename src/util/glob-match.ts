import type { GlobClass, GlobToken } from './glob-parse.ts';

/** Patterns with more wildcards of any length are not given to the backtracking engine of RegExp. */
const MAX_REGEXP_WILDCARDS = 3;

/** Whether a text as a whole matches; never in more than tokens times characters steps for many wildcards. */
export function tokensTest(tokens: readonly GlobToken[]): (text: string) => boolean {
  const long = tokens.filter(({ kind }) => kind === 'star' || kind === 'folders' || kind === 'all').length;
  if (long > MAX_REGEXP_WILDCARDS) return (text) => run(tokens, text).at(-1) === tokens.length;
  const expression = new RegExp(`^${tokens.map(source).join('')}$`, 'u');
  return (text) => expression.test(text);
}

/** Whether a text that matches can begin with `start`. */
export function tokensReach(tokens: readonly GlobToken[], start: string): boolean {
  return run(tokens, start).length > 0;
}

function source(token: GlobToken): string {
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
    case 'folders':
      return '(?:[^]*/)?';
    case 'all':
      return '[^]*';
  }
}

/** The states, sorted, in which the pattern is after `text`; the last state is its end. */
function run(tokens: readonly GlobToken[], text: string): number[] {
  let states: number[] = [];
  enter(0, { tokens, states });
  for (const char of text) {
    const next: number[] = [];
    for (const state of states) {
      const token = tokens[state];
      if (token === undefined) continue;
      if (token.kind === 'folders') {
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

function classHas(token: GlobClass, code: number): boolean {
  return token.ranges.some(([low, high]) => low <= code && code <= high) !== token.negated;
}

/** Adds a state and those that follow without a character. */
function enter(state: number, { tokens, states }: { tokens: readonly GlobToken[]; states: number[] }): void {
  for (let at = state; ; at++) {
    add(at, states);
    const kind = tokens[at]?.kind;
    if (kind !== 'star' && kind !== 'all' && kind !== 'folders') return;
  }
}

function add(state: number, states: number[]): void {
  if (!states.includes(state)) states.push(state);
}
