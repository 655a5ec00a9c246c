import type { EscapeToken, Heredoc, Location } from './ast.ts';
import { DirectiveReader, parseEscape } from './directives.ts';
import { failure, locate } from './failure.ts';
import type { HeredocWord } from './heredoc.ts';
import type { ParserFinding } from './lint/finding.ts';
import { trim, trimStart } from './whitespace.ts';

/** One instruction's text: continuation lines joined, comments and empty lines between them left out. */
export interface LogicalLine<N> {
  readonly text: string;
  readonly node: N;
  readonly location: Location;
  /** Comment lines directly above, without `#`. */
  readonly comments: readonly string[];
  readonly heredocs: readonly Heredoc[];
}

export interface LogicalLines<N> {
  readonly escape: EscapeToken;
  readonly lines: readonly LogicalLine<N>[];
  readonly warnings: readonly ParserFinding[];
}

export interface LineOptions<N> {
  readonly file: string;
  /** Reads a joined line and says which heredocs it begins; what it throws is reported with the line's place. */
  readonly read: (text: string, escape: EscapeToken) => { node: N; heredocs: readonly HeredocWord[] };
}

/** Cuts a source, without its byte order mark, into logical lines. @throws DOCKERFILE_PARSE with its place. */
export function readLogicalLines<N>(physical: readonly string[], options: LineOptions<N>): LogicalLines<N> {
  return new Reader(physical, options).run();
}

class Reader<N> {
  readonly #physical: readonly string[];
  readonly #options: LineOptions<N>;
  readonly #directives = new DirectiveReader();
  readonly #lines: LogicalLine<N>[] = [];
  readonly #warnings: ParserFinding[] = [];
  #escape: EscapeToken = '\\';
  /** Lines consumed; also the number of the last one consumed. */
  #at = 0;
  #comments: string[] = [];

  constructor(physical: readonly string[], options: LineOptions<N>) {
    this.#physical = physical;
    this.#options = options;
  }

  run(): LogicalLines<N> {
    while (this.#at < this.#physical.length) this.#instruction();
    return { escape: this.#escape, lines: this.#lines, warnings: this.#warnings };
  }

  #instruction(): void {
    const raw = this.#physical[this.#at] ?? '';
    this.#at++;
    const first = this.#at;
    const line = trimStart(withoutLineEnd(raw));
    if (line.startsWith('#')) {
      if (!this.#directive(line, first)) this.#comment(raw);
      return;
    }
    // Anything but a comment ends the directives.
    this.#directives.read(line);
    let part = this.#cutContinuation(line);
    if (part.complete && part.text === '') return;
    const parts = [part.text];
    let empty = false;
    while (!part.complete && this.#at < this.#physical.length) {
      const next = withoutLineEnd(this.#physical[this.#at] ?? '');
      this.#at++;
      const bare = trimStart(next);
      if (bare.startsWith('#')) continue;
      if (bare === '') {
        empty = true;
        continue;
      }
      part = this.#cutContinuation(next);
      parts.push(part.text);
    }
    const text = parts.join('');
    if (empty) this.#warnEmpty();
    const { node, heredocs } = this.#read(text, first);
    this.#lines.push({ text, node, location: this.#range(first, this.#at), comments: this.#comments, heredocs });
    this.#comments = [];
  }

  #directive(line: string, number: number): boolean {
    try {
      const directive = this.#directives.read(line);
      if (directive?.name === 'escape') this.#escape = parseEscape(directive.value);
      return directive !== undefined;
    } catch (error) {
      throw this.#located(error, number, number);
    }
  }

  /** An empty comment line parts the comments above it from what follows. */
  #comment(raw: string): void {
    const comment = trim(raw.slice(1));
    if (comment === '') this.#comments = [];
    else this.#comments.push(comment);
  }

  /** The escape token at the end of a line, blanks behind it allowed, joins the next; a doubled one does not. */
  #cutContinuation(line: string): { readonly text: string; readonly complete: boolean } {
    let end = line.length;
    while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--;
    if (end === 0 || line[end - 1] !== this.#escape) return { text: line, complete: true };
    if (end > 1 && line[end - 2] === this.#escape) return { text: line, complete: true };
    return { text: line.slice(0, end - 1), complete: false };
  }

  #read(text: string, first: number): { node: N; heredocs: readonly Heredoc[] } {
    const instructionEnd = this.#at;
    try {
      const { node, heredocs } = this.#options.read(text, this.#escape);
      return { node, heredocs: heredocs.map((word) => ({ ...word, content: this.#heredocContent(word) })) };
    } catch (error) {
      throw this.#located(error, first, instructionEnd);
    }
  }

  #heredocContent(word: HeredocWord): string {
    const start = this.#at;
    while (this.#at < this.#physical.length) {
      const line = this.#physical[this.#at] ?? '';
      this.#at++;
      const bare = withoutLineEnd(line);
      if ((word.chomp ? bare.replace(/^\t+/, '') : bare) === word.name) {
        return this.#physical.slice(start, this.#at - 1).join('');
      }
    }
    throw failure(`unterminated heredoc ${word.name}`, {
      hint: `end it with a line that holds only ${word.name}`,
      word: ['', '-'].flatMap((chomp) => ['', '"', "'"].map((quote) => `<<${chomp}${quote}${word.name}${quote}`)),
    });
  }

  #warnEmpty(): void {
    const location = this.#range(this.#at, this.#at);
    this.#warnings.push({ rule: 'NoEmptyContinuation', location, comments: this.#comments });
  }

  #range(startLine: number, endLine: number): Location {
    return { file: this.#options.file, startLine, endLine };
  }

  #located(error: unknown, startLine: number, endLine: number): unknown {
    return locate(error, { location: this.#range(startLine, endLine), lines: this.#physical.map(withoutLineEnd) });
  }
}

/** Cuts a text behind each line feed; the pieces keep it. */
export function physicalLines(source: string): string[] {
  const lines: string[] = [];
  let start = 0;
  while (start < source.length) {
    const end = source.indexOf('\n', start);
    lines.push(source.slice(start, end < 0 ? source.length : end + 1));
    start = end < 0 ? source.length : end + 1;
  }
  return lines;
}

/** A line without the carriage returns and line feeds at its end. */
export function withoutLineEnd(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === '\n' || line[end - 1] === '\r')) end--;
  return line.slice(0, end);
}
