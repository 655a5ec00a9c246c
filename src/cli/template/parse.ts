import { pieces, templateError, type Piece, type Word } from './tokens.ts';

/** One value in an action: something with fields behind it. */
export interface Operand {
  readonly kind: 'operand';
  readonly base:
    | { readonly kind: 'dot' }
    | { readonly kind: 'variable'; readonly name: string }
    | { readonly kind: 'literal'; readonly value: unknown }
    | { readonly kind: 'function'; readonly name: string }
    | { readonly kind: 'pipeline'; readonly pipeline: Pipeline };
  readonly fields: readonly string[];
}

/** Commands joined by `|`: each is given the value before it as its last argument. */
export interface Pipeline {
  /** `$x :=` or `$x =`; of `range` up to two: key and element. */
  readonly variables: readonly string[];
  readonly commands: readonly (readonly Operand[])[];
  readonly source: string;
}

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/** A Go template (text/template) as a tree; docs/decisions/0009-templates.md has what is understood. Fails with INVALID_ARGUMENT. */
export function parseTemplate(template: string): readonly Node[] {
  const reader = new Reader(pieces(template));
  const { nodes, ended } = reader.block();
  if (ended !== undefined) throw templateError(ended.source, 'nothing is open there');
  return nodes;
}

type Action = Extract<Piece, { kind: 'action' }>;

class Reader {
  readonly #pieces: readonly Piece[];
  #at = 0;

  constructor(all: readonly Piece[]) {
    this.#pieces = all;
  }

  /** Nodes until `{{end}}` or `{{else}}`, which it gives too. */
  block(): { readonly nodes: readonly Node[]; readonly ended: Action | undefined } {
    const nodes: Node[] = [];
    for (let piece; (piece = this.#pieces[this.#at]) !== undefined;) {
      this.#at += 1;
      if (piece.kind === 'text') nodes.push(piece);
      else {
        const [first] = piece.words;
        const word = first?.kind === 'name' ? first.text : '';
        if (word === 'end' || word === 'else') return { nodes, ended: piece };
        if (word === 'if' || word === 'with' || word === 'range')
          nodes.push(this.#branch(word, piece, piece.words.slice(1)));
        else if (UNKNOWN.has(word)) throw templateError(piece.source, `${word} is not understood`);
        else nodes.push({ kind: 'print', pipeline: pipelineOf(piece.words, piece.source) });
      }
    }
    return { nodes, ended: undefined };
  }

  #branch(kind: 'if' | 'with' | 'range', opened: Action, words: readonly Word[]): Node {
    const pipeline = pipelineOf(words, opened.source);
    const { nodes: body, ended } = this.block();
    if (ended === undefined) throw templateError(opened.source, 'it has no {{end}}');
    if (ended.words[0]?.text === 'end') return { kind, pipeline, body, otherwise: [] };
    const next = ended.words[1]?.text;
    if (next === 'if' || next === 'with')
      return { kind, pipeline, body, otherwise: [this.#branch(next, ended, ended.words.slice(2))] };
    const rest = this.block();
    if (rest.ended?.words[0]?.text !== 'end') throw templateError(opened.source, 'it has no {{end}}');
    return { kind, pipeline, body, otherwise: rest.nodes };
  }
}

/** Of text/template, but of no use here. */
const UNKNOWN = new Set(['define', 'template', 'block', 'break', 'continue']);

function pipelineOf(words: readonly Word[], source: string): Pipeline {
  const assigned = words.findIndex(({ text, kind }) => kind === 'mark' && (text === ':=' || text === '='));
  const names = assigned < 0 ? [] : words.slice(0, assigned);
  if (names.some(({ kind, text }, i) => (i % 2 === 0 ? kind !== 'variable' : text !== ',')) || names.length > 3)
    throw templateError(source, 'only variables are set');
  const variables = names.filter(({ kind }) => kind === 'variable').map(({ text }) => text);
  const { pipeline, rest } = readPipeline(words.slice(assigned + 1), source);
  if (rest.length > 0) throw templateError(source, `${rest[0]?.text} has no place there`);
  return { ...pipeline, variables };
}

function readPipeline(
  given: readonly Word[],
  source: string,
): { readonly pipeline: Pipeline; readonly rest: readonly Word[] } {
  const commands: Operand[][] = [[]];
  let words = given;
  for (;;) {
    const [word, ...rest] = words;
    if (word === undefined || (word.text === ')' && word.kind === 'mark')) break;
    if (word.kind === 'mark' && word.text === '|') {
      commands.push([]);
      words = rest;
    } else {
      const read = readOperand(words, source);
      commands.at(-1)?.push(read.operand);
      words = read.rest;
    }
  }
  if (commands.some((command) => command.length === 0)) throw templateError(source, 'a value is missing');
  return { pipeline: { variables: [], commands, source }, rest: words };
}

function readOperand(
  words: readonly Word[],
  source: string,
): { readonly operand: Operand; readonly rest: readonly Word[] } {
  const [word, ...after] = words;
  if (word === undefined) throw templateError(source, 'a value is missing');
  const based = (base: Operand['base'], rest: readonly Word[], fields: readonly string[] = []) => {
    const count = rest.findIndex(({ kind, spaced }) => kind !== 'field' || spaced);
    const more = count < 0 ? rest : rest.slice(0, count);
    const operand: Operand = { kind: 'operand', base, fields: [...fields, ...more.map(({ text }) => text.slice(1))] };
    return { operand, rest: rest.slice(more.length) };
  };
  switch (word.kind) {
    case 'string':
      return based({ kind: 'literal', value: word.text }, after);
    case 'number':
      return based({ kind: 'literal', value: Number(word.text) }, after);
    case 'field':
      return based({ kind: 'dot' }, after, [word.text.slice(1)]);
    case 'variable':
      return based({ kind: 'variable', name: word.text }, after);
    case 'name': {
      const value = LITERALS.get(word.text);
      return based(value === undefined ? { kind: 'function', name: word.text } : { kind: 'literal', value }, after);
    }
    case 'mark': {
      if (word.text === '.') return based({ kind: 'dot' }, after);
      if (word.text !== '(') throw templateError(source, `${word.text} has no place there`);
      const { pipeline, rest } = readPipeline(after, source);
      if (rest[0]?.text !== ')') throw templateError(source, 'a parenthesis is not closed');
      return based({ kind: 'pipeline', pipeline }, rest.slice(1));
    }
  }
}

const LITERALS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['nil', null],
]);
