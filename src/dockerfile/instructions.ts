import type { AnyInstruction, ArgDeclaration, Instruction, KeyValue } from './ast.ts';
import { failure } from './failure.ts';
import { parseFlags } from './flags.ts';
import { fromInstruction } from './instructions-from.ts';
import { healthcheckInstruction } from './instructions-healthcheck.ts';
import { runInstruction } from './instructions-run.ts';
import { addInstruction, copyInstruction } from './instructions-transfer.ts';
import type { LogicalLine } from './logical-lines.ts';
import { KEYWORDS } from './node.ts';
import type { Node } from './node.ts';
import { commandLine, docComment, ignoreFlags } from './request.ts';
import type { Request } from './request.ts';
import type { ParserFinding } from './lint/finding.ts';
import { didYouMean } from './suggest.ts';
import { trim } from './whitespace.ts';

/**
 * The typed instruction of a logical line.
 * @throws PolyarchError DOCKERFILE_UNKNOWN_INSTRUCTION, DOCKERFILE_UNKNOWN_FLAG or DOCKERFILE_PARSE, without a place.
 */
export function toInstruction(line: LogicalLine<Node>, warnings: ParserFinding[]): AnyInstruction {
  const { node, location, comments, heredocs, text } = line;
  const original = trim(text);
  return build({
    node,
    base: { keyword: node.keyword, location, original, flags: node.flags, comments },
    heredocs,
    text,
    warn: (warning) => warnings.push({ ...warning, location, comments }),
  });
}

function build(request: Request): AnyInstruction {
  switch (request.node.name) {
    case 'from':
      return fromInstruction(request);
    case 'run':
      return runInstruction(request);
    case 'copy':
      return copyInstruction(request);
    case 'add':
      return addInstruction(request);
    case 'healthcheck':
      return healthcheckInstruction(request);
    case 'cmd':
    case 'entrypoint':
      parseFlags(request.node.flags);
      return { kind: request.node.name, ...request.base, command: commandLine(request.node) };
    default:
      return buildSimple(request);
  }
}

function buildSimple(request: Request): Instruction {
  const { node, base } = request;
  switch (node.name) {
    case 'arg':
      ignoreFlags(request);
      return { kind: 'arg', ...base, args: argDeclarations(request) };
    case 'env':
    case 'label':
      parseFlags(node.flags);
      return { kind: node.name, ...base, pairs: checkedPairs(node) };
    case 'expose': {
      const ports = atLeastOne(node).toSorted();
      parseFlags(node.flags);
      return { kind: 'expose', ...base, ports };
    }
    case 'maintainer': {
      const maintainer = exactlyOne(node);
      parseFlags(node.flags);
      return { kind: 'maintainer', ...base, maintainer };
    }
    case 'onbuild':
      return { kind: 'onbuild', ...base, trigger: trigger(request) };
    case 'shell':
      parseFlags(node.flags);
      if (!node.json && node.args.length > 0) {
        throw failure('SHELL requires the arguments to be in JSON form', {
          hint: 'write it like SHELL ["/bin/bash", "-c"]',
          word: node.args,
        });
      }
      return { kind: 'shell', ...base, shell: atLeastOne(node) };
    case 'stopsignal':
      ignoreFlags(request);
      return { kind: 'stopsignal', ...base, signal: exactlyOne(node) };
    case 'user': {
      const user = exactlyOne(node);
      parseFlags(node.flags);
      return { kind: 'user', ...base, user };
    }
    case 'volume':
      return { kind: 'volume', ...base, volumes: volumes(node), json: node.json };
    case 'workdir': {
      const path = exactlyOne(node);
      parseFlags(node.flags);
      return { kind: 'workdir', ...base, path };
    }
    default:
      throw failure(`unknown instruction: ${node.keyword}${didYouMean(node.keyword, KEYWORDS, { ignoreCase: true })}`, {
        code: 'DOCKERFILE_UNKNOWN_INSTRUCTION',
        hint: `an instruction begins with one of ${KEYWORDS.join(', ')}`,
        word: node.keyword,
      });
  }
}

function argDeclarations({ node, base }: Request): readonly ArgDeclaration[] {
  return atLeastOne(node).map((word) => {
    const equals = word.indexOf('=');
    if (equals === 0) throw failure('ARG names can not be blank', { word });
    const key = equals < 0 ? word : word.slice(0, equals);
    const comment = docComment(base.comments, key);
    return {
      key,
      ...(equals < 0 ? {} : { value: word.slice(equals + 1) }),
      ...(comment === undefined ? {} : { comment }),
    };
  });
}

function checkedPairs(node: Node): readonly KeyValue[] {
  const keyword = node.name.toUpperCase();
  if (node.pairs.length === 0) throw failure(`${keyword} requires at least one argument`, { word: node.keyword });
  const blank = node.pairs.find((pair) => pair.key === '');
  if (blank !== undefined) throw failure(`${keyword} names can not be blank`, { word: `=${blank.value}` });
  return node.pairs;
}

function volumes(node: Node): readonly string[] {
  const paths = atLeastOne(node).map(trim);
  parseFlags(node.flags);
  if (paths.includes('')) throw failure('VOLUME specified can not be an empty string', { word: node.keyword });
  return paths;
}

const ONBUILD = /^[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*/i;

function trigger({ node, text, heredocs }: Request): string {
  const child = node.child;
  if (child === undefined) throw failure('ONBUILD requires at least one argument', { word: node.keyword });
  parseFlags(node.flags);
  if (child.name === 'maintainer' || child.name === 'from') {
    throw failure(`${child.name.toUpperCase()} isn't allowed as an ONBUILD trigger`, { word: child.keyword });
  }
  const bodies = heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`);
  return text.replace(ONBUILD, '') + bodies.join('');
}

function exactlyOne(node: Node): string {
  const [only] = node.args;
  if (only === undefined || node.args.length > 1) {
    throw failure(`${node.name.toUpperCase()} requires exactly one argument`, { word: node.keyword });
  }
  return only;
}

function atLeastOne(node: Node): readonly string[] {
  if (node.args.length === 0) {
    throw failure(`${node.name.toUpperCase()} requires at least one argument`, { word: node.keyword });
  }
  return node.args;
}
