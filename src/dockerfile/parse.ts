import type {
  AnyInstruction,
  ArgInstruction,
  Dockerfile,
  EscapeToken,
  FromInstruction,
  Instruction,
  Location,
  Stage,
} from './ast.ts';
import { LIMITS } from '../util/limits.ts';
import { readDirectives } from './directives.ts';
import { failure, locate } from './failure.ts';
import { heredocsOfLine } from './heredoc.ts';
import type { HeredocWord } from './heredoc.ts';
import type { ParserFinding } from './lint/finding.ts';
import { toInstruction } from './instructions.ts';
import { type LogicalLine, physicalLines, readLogicalLines, withoutLineEnd } from './logical-lines.ts';
import { parseNode } from './node.ts';
import type { Node } from './node.ts';
import { docComment } from './request.ts';
import { checkSyntax } from './syntax.ts';

export interface ParseOptions {
  /** For messages and locations; default `Dockerfile`. */
  readonly filename?: string;
  /** BUILDKIT_SYNTAX names the frontend, so `# syntax` does not count. */
  readonly ignoreSyntax?: boolean;
}

/**
 * Reads a Dockerfile.
 * @throws PolyarchError DOCKERFILE_PARSE, DOCKERFILE_UNKNOWN_INSTRUCTION, DOCKERFILE_UNKNOWN_FLAG, or
 * FRONTEND_UNSUPPORTED for `# syntax=` with an image other than Docker's; the message begins with `file:line`, the
 * details are those of `placeDetails`.
 */
export function parseDockerfile(source: Uint8Array | string, options: ParseOptions = {}): Dockerfile {
  const file = options.filename ?? 'Dockerfile';
  const warnings: ParserFinding[] = [];
  const text = decode(source, { file, warnings });
  const directives = readDirectives(text);
  if (directives.syntax !== undefined && options.ignoreSyntax !== true) honourSyntax(directives.syntax, { file, text });
  const parsed = parseLines(text, { file, warnings });
  const metaArgs: ArgInstruction[] = [];
  const stages: Draft[] = [];
  for (const instruction of parsed.instructions) {
    const stage = stages.at(-1);
    if (instruction.kind === 'from') stages.push({ from: instruction, instructions: [] });
    else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === 'arg') metaArgs.push(instruction);
    else {
      const misplaced = failure(`no build stage in current context: ${instruction.keyword} stands before any FROM`, {
        hint: 'begin with FROM <image>; only ARG may stand before it',
        word: instruction.keyword,
      });
      throw locate(misplaced, { location: instruction.location, lines: parsed.lines });
    }
  }
  if (stages.length === 0) {
    const location = metaArgs.at(-1)?.location ?? { file, startLine: 1, endLine: 1 };
    throw locate(failure('no FROM: the file contains no stage to build'), { location, lines: parsed.lines });
  }
  return {
    filename: file,
    directives: { ...directives, escape: parsed.escape },
    metaArgs,
    stages: stages.map(toStage),
    warnings,
    lines: parsed.lines,
  };
}

/**
 * Reads an ONBUILD trigger of an image config.
 * @throws as `parseDockerfile`, and for a trigger that holds not exactly one instruction, or a FROM.
 */
export function parseTrigger(trigger: string, options: ParseOptions = {}): Instruction {
  const file = options.filename ?? 'ONBUILD';
  const { instructions, lines } = parseLines(trigger, { file, warnings: [] });
  const [only, ...more] = instructions;
  if (only === undefined || only.kind === 'from' || more.length > 0) {
    const location = only?.location ?? { file, startLine: 1, endLine: 1 };
    throw locate(failure('an ONBUILD trigger must be a single instruction other than FROM'), { location, lines });
  }
  return only;
}

/** Before anything else, as the rest may be in another language. */
function honourSyntax(syntax: string, { file, text }: { file: string; text: string }): void {
  try {
    checkSyntax(syntax, '# syntax');
  } catch (error) {
    const lines = physicalLines(text).map(withoutLineEnd);
    const line = Math.max(1, lines.findIndex((one) => one.includes(syntax)) + 1);
    throw locate(error, { location: { file, startLine: line, endLine: line }, lines });
  }
}

interface Source {
  readonly file: string;
  readonly warnings: ParserFinding[];
}

interface Draft {
  readonly from: FromInstruction;
  readonly instructions: Instruction[];
}

interface ParsedLines {
  readonly escape: EscapeToken;
  /** Read as they are asked for. */
  readonly instructions: Iterable<AnyInstruction>;
  readonly lines: readonly string[];
}

function parseLines(text: string, { file, warnings }: Source): ParsedLines {
  const physical = physicalLines(text);
  const lines = physical.map(withoutLineEnd);
  const logical = readLogicalLines(physical, { file, read: readNode });
  warnings.push(...logical.warnings);
  if (logical.lines.length === 0) {
    throw locate(failure('file with no instructions'), { location: lastLine(file, lines), lines });
  }
  return { escape: logical.escape, instructions: instructionsOf(logical.lines, { lines, warnings }), lines };
}

/** One after the other, so that of several faults the first in the file is told. */
function* instructionsOf(
  logical: readonly LogicalLine<Node>[],
  { lines, warnings }: { readonly lines: readonly string[]; readonly warnings: ParserFinding[] },
): Generator<AnyInstruction> {
  for (const line of logical) {
    try {
      yield toInstruction(line, warnings);
    } catch (error) {
      throw locate(error, { location: line.location, lines });
    }
  }
}

const HEREDOC_KEYWORDS: ReadonlySet<string> = new Set(['add', 'copy', 'run']);

function readNode(text: string, escape: EscapeToken): { node: Node; heredocs: readonly HeredocWord[] } {
  const node = parseNode(text, escape);
  const target = node.child ?? node;
  const may = HEREDOC_KEYWORDS.has(target.name) && !target.json;
  return { node, heredocs: may ? heredocsOfLine(text) : [] };
}

function toStage({ from, instructions }: Draft): Stage {
  const comment = docComment(from.comments, from.name);
  const { name, baseName, platform, location, original } = from;
  return {
    name,
    baseName,
    platform,
    ...(comment === undefined ? {} : { comment }),
    instructions,
    from,
    location,
    sourceCode: original,
  };
}

function decode(source: Uint8Array | string, { file, warnings }: Source): string {
  if (source.length > LIMITS.dockerfileBytes) {
    throw failure(`${file} is larger than ${LIMITS.dockerfileBytes} bytes`);
  }
  if (typeof source === 'string') return source.replace(/^\uFEFF/, '');
  const text = new TextDecoder().decode(source);
  if (text.includes('\uFFFD') && !isUtf8(source)) {
    warnings.push({ rule: 'InvalidUtf8', location: { file, startLine: 1, endLine: 1 } });
  }
  return text;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function lastLine(file: string, lines: readonly string[]): Location {
  const last = Math.max(1, lines.length);
  return { file, startLine: last, endLine: last };
}
