import type { Directives, EscapeToken } from './ast.ts';
import { failure } from './failure.ts';
import { trim, trimStart } from './whitespace.ts';

const DIRECTIVE = /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=/;
const KNOWN: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);

/**
 * Reads `# name=value` lines. They come first in the file: the first line that is anything else, an empty line or an
 * ordinary comment too, ends them.
 */
export class DirectiveReader {
  readonly #seen = new Set<string>();
  readonly #comment: string;
  #done = false;

  constructor(comment: '#' | '//' = '#') {
    this.#comment = comment;
  }

  /** The directive in `line`, undefined when it holds none. @throws DOCKERFILE_PARSE for a repeated directive. */
  read(line: string): { readonly name: string; readonly value: string } | undefined {
    if (this.#done) return undefined;
    const match = line.startsWith(this.#comment)
      ? DIRECTIVE.exec(trimStart(line.slice(this.#comment.length)))
      : undefined;
    const name = match?.[1]?.toLowerCase() ?? '';
    const value = trim(line.slice(line.indexOf('=') + 1));
    if (!KNOWN.has(name) || value === '') {
      this.#done = true;
      return undefined;
    }
    if (this.#seen.has(name))
      throw failure(`only one ${name} parser directive can be used`, { word: match?.[1] ?? name });
    this.#seen.add(name);
    return { name, value };
  }
}

/** The escape directive's value. @throws DOCKERFILE_PARSE for anything but a backslash or a backtick. */
export function parseEscape(value: string): EscapeToken {
  if (value === '\\' || value === '`') return value;
  throw failure(`invalid escape token '${value}' does not match \` or \\`, { word: value });
}

/** `syntax` and `check` of a source without its byte order mark; a `#!` line may stand before them. */
export function readDirectives(source: string): Omit<Directives, 'escape'> {
  const text = withoutShebang(source);
  const syntax = find(text, 'syntax', '#') ?? find(text, 'syntax', '//') ?? jsonSyntax(text);
  const check = find(text, 'check', '#');
  return { ...(syntax === undefined ? {} : { syntax }), ...(check === undefined ? {} : { check }) };
}

function find(text: string, name: string, comment: '#' | '//'): string | undefined {
  const reader = new DirectiveReader(comment);
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end).replace(/\r$/, '');
    start = end < 0 ? text.length : end + 1;
    try {
      const directive = reader.read(line);
      if (directive === undefined) return undefined;
      if (directive.name === name) return directive.value;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** A file in another language may name its frontend as `{"syntax": "…"}`. */
function jsonSyntax(text: string): string | undefined {
  if (!trimStart(text).startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const syntax = typeof value === 'object' && value !== null && 'syntax' in value ? value.syntax : undefined;
    return typeof syntax === 'string' ? syntax : undefined;
  } catch {
    return undefined;
  }
}

function withoutShebang(text: string): string {
  if (!text.startsWith('#!')) return text;
  const end = text.indexOf('\n');
  return end < 0 ? '' : text.slice(end + 1);
}
