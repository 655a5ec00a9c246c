import { formatPlatform } from '../../oci/platform-parse.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Dockerfile, Instruction } from '../ast.ts';
import { compileAdvice } from './compile-rule.ts';
import { findEarlyArg } from './early-args.ts';
import { ALL_COMPILERS } from './more-compilers.ts';
import { namesOf } from './platform-lint.ts';
import { targetIndex } from './platform-rules.ts';
import { type StageView, viewStages } from './stage-view.ts';

/** How a stage would be built faster. */
export interface Advice {
  readonly kind: 'compile' | 'argument';
  readonly instruction: Instruction;
  readonly message: string;
  /** Lines to write instead. */
  readonly rewrite: readonly string[];
}

export interface AdviceOptions {
  /** Default the last stage. */
  readonly target: string | undefined;
  readonly platforms: readonly Platform[];
  /** Those that are emulated. */
  readonly foreign: readonly Platform[];
  readonly isNeeded: (index: number) => boolean;
}

/**
 * Compilers that run emulated and could run natively, the first of each stage, and steps on the building machine that
 * run for each platform and could run once.
 */
export function advise(dockerfile: Dockerfile, options: AdviceOptions): readonly Advice[] {
  const { target, isNeeded } = options;
  const views = viewStages(dockerfile, targetIndex(dockerfile, target) ?? dockerfile.stages.length - 1);
  return views.flatMap((view, index) => (isNeeded(index) ? adviseStage(view, dockerfile, options) : []));
}

function adviseStage(view: StageView, { lines }: Dockerfile, { platforms, foreign }: AdviceOptions): readonly Advice[] {
  const found: Advice[] = [];
  const compile = foreign.length === 0 ? undefined : compileAdvice(view, { foreign, lines, compilers: ALL_COMPILERS });
  if (compile !== undefined) {
    const { instruction, tool, why, rewrite } = compile;
    const message = `${tool} runs emulated for ${namesOf(foreign)}; ${why}`;
    found.push({ kind: 'compile', instruction, message, rewrite });
  }
  const several = new Set(platforms.map((platform) => formatPlatform(platform))).size > 1;
  const early = several ? findEarlyArg(view, lines) : undefined;
  if (early !== undefined) {
    const { instruction, names, rewrite } = early;
    const message = `${names.join(', ')} above steps that do not name it: they run for each platform; below them, once (if no script of theirs reads it)`;
    found.push({ kind: 'argument', instruction, message, rewrite });
  }
  return found;
}
