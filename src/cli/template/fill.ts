import { FUNCTIONS, isTrue, shown, sortedEntries, type TemplateFunction } from './functions.ts';
import { type Node, type Operand, parseTemplate, type Pipeline } from './parse.ts';
import { templateError } from './tokens.ts';

export interface FillOptions {
  /** In place of, or besides, the functions that there are; e.g. another `json`. */
  readonly functions?: Readonly<Record<string, TemplateFunction>>;
  /** The fields that the root may have: another one is an error. Default: any. */
  readonly fields?: readonly string[];
}

interface Scope {
  readonly root: { readonly value: unknown; readonly fields: readonly string[] | undefined };
  readonly dot: unknown;
  readonly variables: ReadonlyMap<string, { value: unknown }>;
  readonly functions: Readonly<Record<string, TemplateFunction>>;
}

/**
 * Fills a Go template with plain data. Fields are found whatever their case, and without the dots and underscores of
 * their JSON names; those that are not there are empty. `\t` and `\n` stand for themselves. Fails with INVALID_ARGUMENT.
 */
export function fillTemplate(template: string, value: unknown, options: FillOptions = {}): string {
  const nodes = parseTemplate(template.replaceAll('\\t', '\t').replaceAll('\\n', '\n'));
  const functions = { ...FUNCTIONS, ...options.functions };
  return run(nodes, {
    root: { value, fields: options.fields },
    dot: value,
    variables: new Map([['$', { value }]]),
    functions,
  });
}

/** The first fields of the root that a template reads; `.` for the root itself. */
export function fieldsRead(template: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(visit);
    else if (typeof part === 'object' && part !== null) {
      if ('kind' in part && part.kind === 'operand') {
        // Only operands have that kind.
        const { base, fields } = part as Operand;
        if (base.kind === 'dot' || base.kind === 'variable') found.add(fields[0]?.toLowerCase() ?? '.');
      }
      Object.values(part).forEach(visit);
    }
  };
  visit(parseTemplate(template));
  return found;
}

function run(nodes: readonly Node[], outer: Scope): string {
  let scope = outer;
  let out = '';
  for (const node of nodes) {
    if (node.kind === 'text') {
      out += node.text;
      continue;
    }
    const value = evaluate(node.pipeline, scope);
    const [name, second] = node.pipeline.variables;
    if (node.kind === 'print') {
      if (name === undefined) out += shown(value);
      else scope = withVariable(scope, name, value);
    } else if (node.kind === 'range') {
      const entries = entriesOf(value);
      if (entries.length === 0) out += run(node.otherwise, scope);
      for (const [key, item] of entries) {
        const named = name === undefined ? scope : withVariable(scope, name, second === undefined ? item : key);
        out += run(node.body, { ...(second === undefined ? named : withVariable(named, second, item)), dot: item });
      }
    } else {
      const inner = name === undefined ? scope : withVariable(scope, name, value);
      const yes = isTrue(value);
      out += run(yes ? node.body : node.otherwise, yes && node.kind === 'with' ? { ...inner, dot: value } : inner);
    }
  }
  return out;
}

function withVariable(scope: Scope, name: string, value: unknown): Scope {
  return { ...scope, variables: new Map(scope.variables).set(name, { value }) };
}

function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(value)) return [...value.entries()];
  return typeof value === 'object' && value !== null ? sortedEntries(value) : [];
}

function evaluate({ commands, source }: Pipeline, scope: Scope): unknown {
  let piped: readonly unknown[] = [];
  for (const [head, ...rest] of commands) {
    if (head === undefined) continue;
    const args = [...rest.map((operand) => valueOf(operand, scope, source)), ...piped];
    if (head.base.kind === 'function') piped = [call(head.base.name, args, { scope, source })];
    else if (args.length > 0) throw templateError(source, 'only functions take arguments');
    else piped = [valueOf(head, scope, source)];
  }
  return piped[0];
}

function call(name: string, args: readonly unknown[], { scope, source }: { scope: Scope; source: string }): unknown {
  const found = Object.hasOwn(scope.functions, name) ? scope.functions[name] : undefined;
  if (found === undefined) throw templateError(source, `there is no function ${name}`);
  return found(...args);
}

function valueOf({ base, fields }: Operand, scope: Scope, source: string): unknown {
  const start = (): unknown => {
    switch (base.kind) {
      case 'dot':
        return scope.dot;
      case 'literal':
        return base.value;
      case 'pipeline':
        return evaluate(base.pipeline, scope);
      case 'function':
        return call(base.name, [], { scope, source });
      case 'variable': {
        const found = scope.variables.get(base.name);
        if (found === undefined) throw templateError(source, `there is no variable ${base.name}`);
        return found.value;
      }
    }
  };
  const from = start();
  const { root } = scope;
  const [first] = fields;
  if (first !== undefined && from === root.value && root.fields?.some((name) => plain(name) === plain(first)) === false)
    throw templateError(source, `there is no field .${first}; there are .${root.fields.join(', .')}`);
  return fields.reduce((value, name) => fieldOf(value, name, source), from);
}

/** Go's name of a field is its JSON name's letters. */
const plain = (text: string): string => text.toLowerCase().replace(/[._-]/g, '');

function fieldOf(value: unknown, name: string, source: string): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'object') throw templateError(source, `it looks for .${name} in ${JSON.stringify(value)}`);
  const entries = Object.entries(value);
  return (entries.find(([key]) => key === name) ?? entries.find(([key]) => plain(key) === plain(name)))?.[1];
}
