import type { Location } from './ast.ts';

/** A word in a source: line and column counted from 1, in UTF-16 code units. */
export interface Mark {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** Ways to write the word that a failure is about, the likeliest first; texts of the source, not of the result. */
export type WrongWord = string | readonly string[];

/** What may stand around a word, from the surest sign to none. */
const AROUND: readonly RegExp[] = [/[\s,="'[\]]/, /[^\p{L}\p{Nd}_]/u, /[^]/];

/** Where the word stands in the lines of `location`, comments left out; undefined when it does not stand there as written. */
export function findMark(word: WrongWord, location: Location, lines: readonly string[]): Mark | undefined {
  const last = Math.min(location.endLine, lines.length);
  for (const text of typeof word === 'string' ? [word] : word) {
    if (text === '') continue;
    for (const around of AROUND) {
      for (let line = Math.max(location.startLine, 1); line <= last; line++) {
        const source = lines[line - 1] ?? '';
        if (line > location.startLine && source.trimStart().startsWith('#')) continue;
        const at = indexOfWord(source, text, around);
        if (at !== undefined) return { line, column: at + 1, length: text.length };
      }
    }
  }
  return undefined;
}

function indexOfWord(source: string, text: string, around: RegExp): number | undefined {
  const ends = (char: string | undefined) => char === undefined || around.test(char);
  for (let at = source.indexOf(text); at >= 0; at = source.indexOf(text, at + 1)) {
    if (ends(source[at - 1]) && ends(source[at + text.length])) return at;
  }
  return undefined;
}
