import type { EscapeToken } from './ast.ts';
import { isSpace } from './whitespace.ts';

/** Splits at white space outside quotes; quotes and escapes stay in the words. */
export function splitWords(text: string, escape: EscapeToken): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote === '' && isSpace(text.charCodeAt(at))) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    if (char === quote) quote = '';
    else if (quote === '' && (char === "'" || char === '"')) quote = char;
    if (char === escape && quote !== "'") {
      // At the very end the escape token is dropped.
      if (at + 1 === text.length) break;
      word += char + (text[++at] ?? '');
    } else word += char;
  }
  if (word !== '') words.push(word);
  return words;
}

export interface ExtractedFlags {
  /** Words that begin with `--`, with quotes and escapes removed. */
  readonly flags: readonly string[];
  /** What follows the flags, and `--` where it ends them. */
  readonly tail: string;
}

/** Reads the `--flag` words at the start of an instruction's arguments. */
export function extractFlags(text: string, escape: EscapeToken): ExtractedFlags {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charCodeAt(at))) at++;
    if (!text.startsWith('--', at)) return { flags, tail: text.slice(at) };
    let word = '';
    let quote = '';
    for (; at < text.length; at++) {
      const char = text[at] ?? '';
      if (quote === '' && isSpace(text.charCodeAt(at))) break;
      if (char === quote) quote = '';
      else if (quote === '' && (char === "'" || char === '"')) quote = char;
      else if (char === escape) word += text[++at] ?? '';
      else word += char;
    }
    if (word === '--') return { flags, tail: text.slice(at) };
    flags.push(word);
  }
}
