import { LIMITS } from '../util/limits.ts';
import { PolyarchError } from '../util/error.ts';
import type { EscapeToken } from './ast.ts';
import { failure } from './failure.ts';
import { replacePattern, trimPrefix, trimSuffix } from './shell-pattern.ts';
import { isSpace } from './whitespace.ts';

/** The value of a variable; undefined when it is not set. */
export type EnvLookup = (name: string) => string | undefined;

export interface WordOptions {
  /** The file's escape directive; default `\`. */
  readonly escape?: EscapeToken;
  /** Keep quote characters in the result. */
  readonly rawQuotes?: boolean;
  /** Keep escape characters in the result. */
  readonly rawEscapes?: boolean;
  /** Quotes are ordinary characters, as in the body of a heredoc. */
  readonly plainQuotes?: boolean;
  /** Leave references to variables that are not set as they are written. */
  readonly skipUnset?: boolean;
}

export interface ExpandedWord {
  readonly result: string;
  /** Names looked up and found. */
  readonly matched: readonly string[];
  /** Names looked up and not set, those with a default too. */
  readonly unmatched: readonly string[];
}

/** `${a:-${b:-…}}` deeper than this is refused. */
const MAX_DEPTH = 256;
const SPECIAL = /[$'"\\`<]/;
const NOTHING: readonly string[] = [];

/**
 * Removes quotes and escapes and replaces `$x`, `${x}`, `${x:-w}`, `${x-w}`, `${x:+w}`, `${x+w}`, `${x:?w}`, `${x?w}`,
 * `${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}`, `${x/p/r}` and `${x//p/r}`, as BuildKit's shell lexer does.
 * @throws PolyarchError DOCKERFILE_EXPAND for an open quote or brace, an unknown form, or `${x:?…}` without a value.
 */
export function expandWord(word: string, env: EnvLookup, options: WordOptions = {}): ExpandedWord {
  if (!SPECIAL.test(word)) return { result: word, matched: NOTHING, unmatched: NOTHING };
  const lexer = new Lexer(word, env, options);
  const result = lexer.run();
  return { result, matched: [...lexer.matched], unmatched: [...lexer.unmatched] };
}

/** As `expandWord`, then split at white space that is neither quoted nor escaped; empty words are left out. */
export function expandWords(word: string, env: EnvLookup, options: WordOptions = {}): readonly string[] {
  const lexer = new Lexer(word, env, options);
  const words = new Words();
  lexer.run(words);
  return words.finish();
}

/** Gathers words while the text is read. */
class Words {
  readonly #words: string[] = [];
  #current = '';

  /** Text in which white space ends a word. */
  split(text: string): void {
    for (let at = 0; at < text.length; at++) {
      if (isSpace(text.charCodeAt(at))) this.#end();
      else this.#current += text[at];
    }
  }

  /** Text taken as it is. */
  append(text: string): void {
    this.#current += text;
  }

  finish(): readonly string[] {
    this.#end();
    return this.#words;
  }

  #end(): void {
    if (this.#current !== '') this.#words.push(this.#current);
    this.#current = '';
  }
}

class Lexer {
  readonly matched = new Set<string>();
  readonly unmatched = new Set<string>();
  readonly #text: string;
  readonly #env: EnvLookup;
  readonly #options: WordOptions;
  readonly #escape: string;
  #rawEscapes: boolean;
  /** Reading a pattern, which is unescaped once more: escapes inside quotes are doubled. */
  #pattern = false;
  #at = 0;
  /** Where the reference or quote begins that is being read. */
  #reference = 0;
  #depth = 0;

  constructor(text: string, env: EnvLookup, options: WordOptions) {
    this.#text = text;
    this.#env = env;
    this.#options = options;
    this.#escape = options.escape ?? '\\';
    this.#rawEscapes = options.rawEscapes === true;
  }

  run(words?: Words): string {
    try {
      return this.#until('', words);
    } catch (error) {
      if (!(error instanceof PolyarchError)) throw error;
      const shown = this.#text.length > 200 ? `${this.#text.slice(0, 200)}…` : this.#text;
      throw failure(`failed to process ${JSON.stringify(shown)}: ${error.message}`, {
        code: 'DOCKERFILE_EXPAND',
        word: [this.#text.slice(this.#reference, this.#at), this.#text],
      });
    }
  }

  /** Reads up to `stop`, which is consumed; '' is the end of the text. */
  #until(stop: '' | '}' | '/', words?: Words): string {
    const text = this.#text;
    let result = '';
    while (this.#at < text.length) {
      const char = text[this.#at] ?? '';
      if (char === stop) {
        this.#at++;
        return result;
      }
      if (char === '$') {
        const value = this.#dollar();
        result += value;
        words?.split(value);
        if (result.length > LIMITS.dockerfileBytes) throw bad('the result grows too long');
      } else if (char === '<') {
        const start = this.#heredocStart();
        result += start;
        words?.append(start);
      } else if ((char === "'" || char === '"') && this.#options.plainQuotes !== true) {
        const quoted = char === "'" ? this.#singleQuoted() : this.#doubleQuoted();
        result += quoted;
        words?.append(quoted);
      } else if (char === this.#escape) {
        const escaped = (this.#rawEscapes ? char : '') + (text[this.#at + 1] ?? '');
        this.#at += 2;
        result += escaped;
        words?.append(escaped);
      } else {
        this.#at++;
        result += char;
        words?.split(char);
      }
    }
    if (stop !== '') throw bad(stop === '/' ? "syntax error: missing '/' in ${}" : "syntax error: missing '}'");
    return result;
  }

  #nested(stop: '}' | '/', { rawEscapes, pattern }: { rawEscapes: boolean; pattern: boolean }): string {
    if (++this.#depth > MAX_DEPTH) throw bad('substitutions are nested too deep');
    const outer = { rawEscapes: this.#rawEscapes, pattern: this.#pattern };
    this.#rawEscapes = rawEscapes;
    this.#pattern = pattern;
    const result = this.#until(stop);
    this.#rawEscapes = outer.rawEscapes;
    this.#pattern = outer.pattern;
    this.#depth--;
    return result;
  }

  #singleQuoted(): string {
    this.#reference = this.#at;
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw bad('unexpected end of statement while looking for matching single-quote');
    const raw = this.#options.rawQuotes === true;
    const content = this.#text.slice(this.#at + 1, end);
    const result = this.#pattern ? content.replaceAll(this.#escape, this.#escape + this.#escape) : content;
    this.#at = end + 1;
    return raw ? `'${result}'` : result;
  }

  #doubleQuoted(): string {
    const text = this.#text;
    const quote = this.#options.rawQuotes === true ? '"' : '';
    const start = this.#at;
    let result = quote;
    this.#at++;
    while (this.#at < text.length) {
      const char = text[this.#at] ?? '';
      if (char === '"') {
        this.#at++;
        return result + quote;
      }
      if (char === '$') {
        result += this.#dollar();
        continue;
      }
      this.#at++;
      if (char !== this.#escape) {
        result += char;
        continue;
      }
      const next = text[this.#at];
      if (next === '"' || next === '$' || next === this.#escape) {
        result += (this.#rawEscapes ? char : '') + next;
        this.#at++;
      } else if (next !== undefined) {
        result += this.#rawEscapes && (quote === '' || this.#pattern) ? char + char : char;
      }
    }
    this.#reference = start;
    throw bad('unexpected end of statement while looking for matching double-quote');
  }

  #dollar(): string {
    this.#reference = this.#at;
    this.#at++;
    if (this.#text[this.#at] !== '{') {
      const name = this.#name();
      if (name === '') return '$';
      return this.#lookup(name) ?? (this.#options.skipUnset === true ? `$${name}` : '');
    }
    const first = this.#text[++this.#at];
    if (first === undefined) throw bad("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw bad('syntax error: bad substitution');
    const name = this.#name();
    const operator = this.#text[this.#at++];
    if (operator === undefined) throw bad("syntax error: missing '}'");
    if (operator === '}') return this.#lookup(name) ?? (this.#options.skipUnset === true ? `\${${name}}` : '');
    if (operator === '/') return this.#replace(name);
    if (operator !== ':') return this.#modify(name, operator, false);
    const modifier = this.#text[this.#at++];
    if (modifier === undefined) throw bad("syntax error: missing '}'");
    if (modifier === '#' || modifier === '%') throw unsupported(`:${modifier}`);
    return this.#modify(name, modifier, true);
  }

  #modify(name: string, modifier: string, emptyIsUnset: boolean): string {
    const shown = emptyIsUnset ? `:${modifier}` : modifier;
    const trims = modifier === '#' || modifier === '%';
    if (!trims && modifier !== '-' && modifier !== '+' && modifier !== '?') {
      if (!emptyIsUnset || this.#options.skipUnset !== true) throw unsupported(shown);
    }
    const word = this.#nested('}', { rawEscapes: trims, pattern: trims });
    const value = this.#lookup(name);
    if (value === undefined && this.#options.skipUnset === true) return `\${${name}${shown}${word}}`;
    const present = value !== undefined && !(emptyIsUnset && value === '');
    switch (modifier) {
      case '-':
        return present ? value : word;
      case '+':
        return present ? word : '';
      case '?': {
        if (present) return value;
        const reason = `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`;
        throw bad(`${name}: ${word === '' ? reason : word}`);
      }
      case '#':
      case '%': {
        const longest = word.startsWith(modifier);
        const pattern = longest ? word.slice(1) : word;
        const options = { longest };
        return modifier === '#' ? trimPrefix(value ?? '', pattern, options) : trimSuffix(value ?? '', pattern, options);
      }
      default:
        throw unsupported(shown);
    }
  }

  #replace(name: string): string {
    const all = this.#text[this.#at] === '/';
    if (all) this.#at++;
    const pattern = this.#nested('/', { rawEscapes: true, pattern: true });
    const replacement = this.#nested('}', { rawEscapes: true, pattern: false });
    const value = this.#lookup(name);
    if (value === undefined && this.#options.skipUnset === true) return `\${${name}/${pattern}/${replacement}}`;
    return replacePattern(value ?? '', pattern, { replacement, all });
  }

  /** Letters, digits and `_`; or digits alone; or one special parameter of the shell; '' for none of them. */
  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  /** `<<` keeps the blanks behind it in the same word: `<< EOF`. */
  #heredocStart(): string {
    HEREDOC_START.lastIndex = this.#at;
    const start = HEREDOC_START.exec(this.#text)?.[0] ?? '<';
    this.#at += start.length;
    return start;
  }

  #lookup(name: string): string | undefined {
    const value = this.#env(name);
    (value === undefined ? this.unmatched : this.matched).add(name);
    return value;
  }
}

const NAME = /\p{Nd}+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*/uy;
const HEREDOC_START = /<<[\t\r ]*/y;

function bad(message: string): PolyarchError {
  return failure(message, { code: 'DOCKERFILE_EXPAND' });
}

function unsupported(modifier: string): PolyarchError {
  return bad(`unsupported modifier (${modifier}) in substitution`);
}
