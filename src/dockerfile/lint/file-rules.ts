import { parseReference } from '../../oci/reference.ts';
import type { AnyInstruction, ArgInstruction, Dockerfile, FromInstruction, Stage } from '../ast.ts';
import { type Env, globalArgs } from '../convert-args.ts';
import { expandWord } from '../shell-words.ts';
import { parseCheckComments } from './check-options.ts';
import type { Lint } from './lint.ts';

const RESERVED: ReadonlySet<string> = new Set(['context', 'scratch']);

/** BuildKit's rules that look at the file as a whole, whichever stage is built. */
export function lintFile(dockerfile: Dockerfile, options: { lint: Lint; platformArgs: Env }): void {
  const { lint } = options;
  const all: readonly AnyInstruction[] = [
    ...dockerfile.metaArgs,
    ...dockerfile.stages.flatMap((stage) => [stage.from, ...stage.instructions]),
  ];
  for (const instruction of all) {
    lint.checkNames(parseCheckComments(instruction.comments), instruction);
    if (instruction.kind === 'maintainer') lint.report('MaintainerDeprecated', {}, instruction);
    if (instruction.kind === 'arg') lintDescription(instruction, lint);
    if (instruction.kind === 'from') lintFrom(instruction, lint);
  }
  lintStageNames(dockerfile.stages, lint);
  lintCasing(dockerfile.stages, lint);
  lintDefaults(dockerfile, options);
}

function lintFrom(from: FromInstruction, lint: Lint): void {
  const { keyword, original, name } = from;
  const [, as, written] = /^\S+(?:\s+--\S+)*\s+\S+\s+([aA][sS])\s+(\S+)/.exec(original) ?? [];
  if (as === undefined || written === undefined) return;
  if (written !== written.toLowerCase()) lint.report('StageNameCasing', { name: written }, from);
  const lower = keyword === keyword.toLowerCase();
  const wanted = lower ? as.toLowerCase() : as.toUpperCase();
  // A FROM in mixed case is ConsistentInstructionCasing's to find.
  if (as !== wanted && (lower || keyword === keyword.toUpperCase())) {
    lint.report('FromAsCasing', { as, from: keyword }, from);
  }
  describes([name], { instruction: from, keyword: 'FROM', lint });
}

function lintDescription(instruction: ArgInstruction, lint: Lint): void {
  const names = instruction.args.map(({ key }) => key);
  describes(names, { instruction, keyword: 'ARG', lint });
}

/** The last comment line above should begin with one of the names. */
function describes(
  names: readonly string[],
  of: { instruction: ArgInstruction | FromInstruction; keyword: string; lint: Lint },
): void {
  const { instruction, keyword, lint } = of;
  const comment = instruction.comments.at(-1);
  const [first] = names;
  if (comment === undefined || first === undefined || names.includes(comment.split(' ', 1)[0] ?? '')) return;
  const name = names.length > 1 ? '<arg_key>' : first;
  lint.report('InvalidDefinitionDescription', { keyword, name }, instruction);
}

function lintStageNames(stages: readonly Stage[], lint: Lint): void {
  const names = new Set<string>();
  for (const { name, from } of stages) {
    if (name === '') continue;
    if (RESERVED.has(name)) lint.report('ReservedStageName', { name }, from);
    if (names.has(name)) lint.report('DuplicateStageName', { name }, from);
    names.add(name);
  }
}

function lintCasing(stages: readonly Stage[], lint: Lint): void {
  const all = stages.flatMap((stage) => [stage.from, ...stage.instructions]);
  const lower = all.filter(({ keyword }) => keyword === keyword.toLowerCase()).length;
  const upper = all.filter(({ keyword }) => keyword === keyword.toUpperCase()).length;
  const casing = lower > upper ? 'lowercase' : 'uppercase';
  for (const instruction of all) {
    const { keyword } = instruction;
    if (keyword === (lower > upper ? keyword.toLowerCase() : keyword.toUpperCase())) continue;
    lint.report('ConsistentInstructionCasing', { keyword, casing }, instruction);
  }
}

/** A base that is no image without build arguments. */
function lintDefaults(dockerfile: Dockerfile, options: { lint: Lint; platformArgs: Env }): void {
  const { escape } = dockerfile.directives;
  for (const { baseName, from } of dockerfile.stages) {
    try {
      const env = globalArgs(dockerfile, { platformArgs: options.platformArgs, buildArgs: new Map() });
      const base = expandWord(baseName, (name) => env.get(name), { escape }).result;
      if (isReference(base)) continue;
    } catch {
      return;
    }
    options.lint.report('InvalidDefaultArgInFrom', { name: baseName }, from);
  }
}

function isReference(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}
