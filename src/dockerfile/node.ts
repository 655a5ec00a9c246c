import type { EscapeToken, KeyValue } from './ast.ts';
import { failure } from './failure.ts';
import { extractFlags, splitWords } from './words.ts';
import { cutBlank, isSpace, splitBlanks, trim, trimStart } from './whitespace.ts';

/** A logical line cut into its parts, by the grammar of its keyword but before any check of them. */
export interface Node {
  /** As written. */
  readonly keyword: string;
  /** The keyword in lower case. */
  readonly name: string;
  readonly flags: readonly string[];
  readonly args: readonly string[];
  /** The arguments (for HEALTHCHECK those behind the first) were a JSON array. */
  readonly json: boolean;
  /** ENV and LABEL. */
  readonly pairs: readonly KeyValue[];
  /** ONBUILD. */
  readonly child?: Node;
}

interface Arguments {
  readonly args?: readonly string[];
  readonly json?: boolean;
  readonly pairs?: readonly KeyValue[];
  readonly child?: Node;
}

type Grammar = (rest: string, escape: EscapeToken) => Arguments;

const GRAMMARS: ReadonlyMap<string, Grammar> = new Map<string, Grammar>([
  ['add', jsonOrWords],
  ['arg', (rest, escape) => ({ args: splitWords(rest, escape) })],
  ['cmd', jsonOrText],
  ['copy', jsonOrWords],
  ['entrypoint', jsonOrText],
  ['env', (rest, escape) => ({ pairs: keyValues(rest, escape, 'ENV') })],
  ['expose', words],
  ['from', words],
  ['healthcheck', healthcheck],
  ['label', (rest, escape) => ({ pairs: keyValues(rest, escape, 'LABEL') })],
  ['maintainer', text],
  ['onbuild', (rest, escape) => (rest === '' ? {} : { child: parseTriggerNode(rest, escape) })],
  ['run', jsonOrText],
  ['shell', jsonOrText],
  ['stopsignal', text],
  ['user', text],
  ['volume', jsonOrWords],
  ['workdir', text],
]);

/** The keywords in upper case. */
export const KEYWORDS: readonly string[] = [...GRAMMARS.keys()].map((name) => name.toUpperCase());

/** @throws PolyarchError DOCKERFILE_PARSE (without a place) when the arguments do not fit the keyword's grammar. */
export function parseNode(line: string, escape: EscapeToken): Node {
  const bare = trim(line);
  const [keyword, rest] = cutBlank(bare) ?? [bare, ''];
  const name = keyword.toLowerCase();
  const { flags, tail } = extractFlags(rest, escape);
  const parsed = GRAMMARS.get(name)?.(trim(tail), escape) ?? {};
  return {
    keyword,
    name,
    flags,
    args: parsed.args ?? [],
    json: parsed.json ?? false,
    pairs: parsed.pairs ?? [],
    ...(parsed.child === undefined ? {} : { child: parsed.child }),
  };
}

function parseTriggerNode(rest: string, escape: EscapeToken): Node {
  const keyword = (cutBlank(rest)?.[0] ?? rest).toLowerCase();
  if (keyword === 'onbuild') throw failure("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", { word: 'ONBUILD' });
  return parseNode(rest, escape);
}

function text(rest: string): Arguments {
  return rest === '' ? {} : { args: [rest] };
}

function words(rest: string): Arguments {
  return rest === '' ? {} : { args: splitBlanks(rest) };
}

function jsonOrText(rest: string): Arguments {
  const args = jsonStrings(rest);
  return args === undefined ? text(rest) : { args, json: true };
}

function jsonOrWords(rest: string): Arguments {
  const args = jsonStrings(rest);
  return args === undefined ? words(rest) : { args, json: true };
}

function healthcheck(rest: string): Arguments {
  let end = 0;
  while (end < rest.length && !isSpace(rest.charCodeAt(end))) end++;
  if (end === 0) return {};
  const command = jsonOrText(trimStart(rest.slice(end)));
  return { ...command, args: [rest.slice(0, end), ...(command.args ?? [])] };
}

/** A JSON array of strings; undefined for what is no JSON array. @throws for an array of anything else. */
function jsonStrings(rest: string): readonly string[] | undefined {
  const bare = trimStart(rest);
  if (!bare.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(bare);
  } catch {
    return undefined;
  }
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw failure('when using JSON array syntax, arrays must be comprised of strings only', {
    word: wrongItem(value, bare),
  });
}

/** The first item that is no string, where its text is sure. */
function wrongItem(value: unknown, text: string): string {
  const item: unknown = Array.isArray(value) ? value.find((one) => typeof one !== 'string') : undefined;
  return item === undefined ? text : JSON.stringify(item);
}

/** `K=v K2=v2 …`, or, when the first word holds no `=`, the older `K the whole rest`. */
function keyValues(rest: string, escape: EscapeToken, keyword: string): readonly KeyValue[] {
  const list = splitWords(rest, escape);
  const first = list[0];
  if (first === undefined) return [];
  if (!first.includes('=')) {
    const parts = cutBlank(rest);
    if (parts === undefined)
      throw failure(`${keyword} must have two arguments`, { hint: `write ${keyword} name=value`, word: first });
    return [{ key: parts[0], value: parts[1], legacy: true }];
  }
  return list.map((word) => {
    const at = word.indexOf('=');
    if (at < 0) {
      const shown = JSON.stringify(word);
      throw failure(`Syntax error - can't find = in ${shown}. Must be of the form: name=value`, { word });
    }
    return { key: word.slice(0, at), value: word.slice(at + 1), legacy: false };
  });
}
