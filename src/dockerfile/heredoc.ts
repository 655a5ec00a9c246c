import { expandWords } from './shell-words.ts';

/** The `<<EOF` of a heredoc. */
export interface HeredocWord {
  /** The terminator with its quotes removed. */
  readonly name: string;
  /** The number before `<<`; 0 without one. */
  readonly fileDescriptor: number;
  /** False when any part of the terminator is quoted. */
  readonly expand: boolean;
  /** `<<-`. */
  readonly chomp: boolean;
}

const WORD = /^([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)$/;
const UNSET = (): undefined => undefined;

/** The heredoc that `word` begins; undefined when it begins none. */
export function parseHeredocWord(word: string): HeredocWord | undefined {
  const match = WORD.exec(word);
  const rest = match?.[3] ?? '';
  if (match === null || rest === '') return undefined;
  let plain: readonly string[];
  let quoted: readonly string[];
  try {
    plain = expandWords(rest, UNSET, { skipUnset: true });
    quoted = expandWords(rest, UNSET, { skipUnset: true, rawQuotes: true });
  } catch {
    return undefined;
  }
  const name = plain[0];
  if (name === undefined || plain.length !== 1 || quoted.length !== 1) return undefined;
  return {
    name,
    fileDescriptor: fileDescriptor(match[1] ?? ''),
    expand: countQuotes(name) === countQuotes(quoted[0] ?? ''),
    chomp: match[2] === '-',
  };
}

/** The heredocs that a logical line begins, in order. A line that does not lex (an open quote) begins none. */
export function heredocsOfLine(line: string): readonly HeredocWord[] {
  if (!line.includes('<<')) return [];
  let words: readonly string[];
  try {
    words = expandWords(line, UNSET, { rawQuotes: true, rawEscapes: true, skipUnset: true });
  } catch {
    return [];
  }
  return words.map(parseHeredocWord).filter((heredoc) => heredoc !== undefined);
}

/** Removes the tabs at the start of every line, for `<<-`. */
export function chompHeredoc(content: string): string {
  return content.replaceAll(/(^|\n)\t+/g, '$1');
}

function fileDescriptor(digits: string): number {
  return digits === '' ? 0 : Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

function countQuotes(text: string): number {
  return text.replaceAll(/[^'"]/g, '').length;
}
