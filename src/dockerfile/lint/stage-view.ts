import type { Dockerfile, Instruction, RunInstruction, Stage } from '../ast.ts';
import { parseHeredocWord } from '../heredoc.ts';

/** A stage as the rules on platforms see it. */
export interface StageView {
  readonly stage: Stage;
  /** What its steps run for: the building machine, the platform that is built, or one that is fixed or not known. */
  readonly runsFor: 'build' | 'target' | 'fixed';
  /** It is the target, or the target is made from it by FROM. */
  readonly inResult: boolean;
  /** The stage that FROM names. */
  readonly base: StageView | undefined;
  /** The paths that other stages copy out of it. */
  readonly copied: readonly string[];
}

/** The stages of a file; `target` is the place of the one that is built. */
export function viewStages(dockerfile: Dockerfile, target: number): readonly StageView[] {
  const { stages } = dockerfile;
  const bases = stages.map((stage, index) => {
    const found = stages.findLastIndex((other, place) => place < index && isNamed(other, stage.baseName));
    return found < 0 ? undefined : found;
  });
  const result = new Set<number>();
  for (let index: number | undefined = target; index !== undefined; index = bases[index]) result.add(index);
  const views: StageView[] = [];
  for (const [index, stage] of stages.entries()) {
    const base = bases[index] === undefined ? undefined : views[bases[index]];
    views.push({
      stage,
      base,
      inResult: result.has(index),
      runsFor: platformKind(stage, base),
      copied: stages.flatMap(({ instructions }) =>
        instructions.flatMap((instruction) => copiedFrom(instruction, stage, index)),
      ),
    });
  }
  return views;
}

function isNamed(stage: Stage, name: string): boolean {
  return stage.name !== '' && stage.name === name.toLowerCase();
}

function platformKind({ platform }: Stage, base: StageView | undefined): StageView['runsFor'] {
  if (platform === '') return base?.runsFor ?? 'target';
  if (/\$\{?BUILDPLATFORM\b/.test(platform)) return 'build';
  return /\$\{?TARGETPLATFORM\b/.test(platform) ? 'target' : 'fixed';
}

function copiedFrom(instruction: Instruction, stage: Stage, index: number): readonly string[] {
  if (instruction.kind !== 'copy') return [];
  const { from, sources } = instruction;
  return isNamed(stage, from) || from === String(index) ? sources : [];
}

/** The image that the stage is made from in the end, as it is written. */
export function baseOf({ base, stage }: StageView): string {
  return base === undefined ? stage.baseName : baseOf(base);
}

/** What a RUN gives to a shell, heredocs in their place; for the exec form its words. */
export function runText({ command, heredocs }: RunInstruction): string {
  const line = command.args.join(' ');
  const only = heredocs.length > 0 && parseHeredocWord(line) !== undefined;
  return [...(only ? [] : [line]), ...heredocs.map(({ content }) => content)].join('\n');
}

/** The stage has `ARG name`. */
export function declares(stage: Stage, name: string): boolean {
  return stage.instructions.some(({ kind, ...rest }) => {
    return kind === 'arg' && 'args' in rest && rest.args.some(({ key }) => key === name);
  });
}
