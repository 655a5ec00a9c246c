import type { ArgInstruction, Instruction, Stage } from '../ast.ts';
import { writtenOf } from './platform-lint.ts';
import type { StageView } from './stage-view.ts';

/** An argument of the platform above steps that could do without it. */
export interface EarlyArg {
  readonly instruction: ArgInstruction;
  /** The names that make the difference. */
  readonly names: readonly string[];
  /** Lines to write instead. */
  readonly rewrite: readonly string[];
}

const PLATFORM_ARG = /^TARGET(?:PLATFORM|OS|ARCH|VARIANT|OSVERSION)$/;

/**
 * The first ARG of the target's platform in a stage on $BUILDPLATFORM that is followed by RUN steps which do not name
 * it: it makes them run once for each platform. Undefined without one, or when the stage has used the platform before.
 */
export function findEarlyArg({ stage, runsFor }: StageView, lines: readonly string[]): EarlyArg | undefined {
  if (runsFor !== 'build') return undefined;
  const { instructions } = stage;
  const at = instructions.findIndex((one) => platformArgs(one).length > 0);
  const instruction = instructions[at];
  if (instruction?.kind !== 'arg') return undefined;
  const names = instructions.slice(at).flatMap(platformArgs);
  const use = instructions.findIndex((one, index) => index > at && mentions(one, stage, { names, lines }));
  const between = instructions.slice(at + 1, use < 0 ? undefined : use);
  const last = between.findLastIndex(({ kind }) => kind === 'run');
  if (last < 0) return undefined;
  const passed = between.slice(0, last + 1);
  // An argument that shares its ARG with the platform's goes down with it.
  const moved = [instruction, ...passed.filter((one) => platformArgs(one).length > 0)];
  const stay = passed.filter((one) => !moved.includes(one));
  return {
    instruction,
    names: moved.flatMap(platformArgs),
    rewrite: [...stay, ...moved].flatMap((one) => writtenOf(one, lines).split('\n')),
  };
}

function platformArgs(instruction: Instruction): readonly string[] {
  if (instruction.kind !== 'arg') return [];
  return instruction.args.flatMap(({ key }) => (PLATFORM_ARG.test(key) ? [key] : []));
}

function mentions(
  instruction: Instruction,
  stage: Stage,
  { names, lines }: { names: readonly string[]; lines: readonly string[] },
): boolean {
  if (platformArgs(instruction).length > 0) return false;
  const text = writtenOf(instruction, lines);
  // All that the same ARG declares counts as one.
  const together = stage.instructions.flatMap((one) =>
    one.kind === 'arg' && platformArgs(one).length > 0 ? one.args.map(({ key }) => key) : [],
  );
  return [...names, ...together].some((name) => new RegExp(`\\b${name}\\b`).test(text));
}
