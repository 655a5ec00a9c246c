import type { Stage } from '../ast.ts';
import { COMPILERS, type Compiler, MENTIONS_COMPILER, onBuildPlatform } from './compilers.ts';
import { type PlatformLint, namesOf, writtenOf } from './platform-lint.ts';
import { type ShellCommand, shellCommands } from './shell-commands.ts';
import { type StageView, declares, runText } from './stage-view.ts';

/** EmulatedCompile: a stage for the target compiles what could be compiled on the building machine. */
export function lintCompilers(view: StageView, { lint, foreign, lines }: PlatformLint): void {
  const { stage, runsFor } = view;
  if (runsFor !== 'target' || !isTaken(view)) return;
  const runs = stage.instructions.flatMap((instruction) => {
    const text = instruction.kind === 'run' ? runText(instruction) : '';
    return MENTIONS_COMPILER.test(text) ? [{ instruction, commands: shellCommands(text) }] : [];
  });
  if (runs.length === 0) return;
  const all = textOf(stage);
  for (const compiler of COMPILERS) {
    const found = runs.flatMap(({ instruction, commands }) => {
      const tool = toolOf(commands, compiler);
      return tool === undefined ? [] : [{ tool, instruction }];
    });
    const [first] = found;
    if (first === undefined || compiler.excludes?.(view, all) === true) continue;
    // One that starts from another stage is put on $BUILDPLATFORM by that one's FROM.
    const root = rootOf(view);
    const rewrite = [
      onBuildPlatform(root.stage),
      ...(compiler.before ?? []),
      ...missingArgs(typeof compiler.args === 'function' ? compiler.args(foreign) : compiler.args, stage),
      ...found.flatMap(({ instruction }) => {
        const written = writtenOf(instruction, lines);
        return (compiler.replace?.(written, { text: all, platforms: foreign }) ?? written).split('\n');
      }),
      ...(view.inResult
        ? [`# and in a last stage: FROM ${root.stage.baseName}`, '# COPY --from=… what was compiled']
        : []),
    ];
    const values = { tool: first.tool, platforms: namesOf(foreign), why: compiler.why };
    lint.report('EmulatedCompile', values, { ...first.instruction, rewrite });
    return;
  }
}

/** What it makes is copied elsewhere, or is in an image that is made to be run; else it may be a tool of the build. */
function isTaken({ copied, inResult, stage }: StageView): boolean {
  return (
    copied.length > 0 || (inResult && stage.instructions.some(({ kind }) => kind === 'cmd' || kind === 'entrypoint'))
  );
}

/** The command's first words, when one of the commands is the compiler's. */
function toolOf(commands: readonly ShellCommand[], { command }: Compiler): string | undefined {
  for (const { words } of commands) {
    const match = command.exec(words.join(' '));
    if (match !== null) return match[0].trim();
  }
  return undefined;
}

function rootOf(view: StageView): StageView {
  return view.base === undefined || view.stage.platform !== '' ? view : rootOf(view.base);
}

function missingArgs(args: readonly string[], stage: Stage): readonly string[] {
  const missing = args.filter((name) => !declares(stage, name));
  return missing.length === 0 ? [] : [`ARG ${missing.join(' ')}`];
}

/** All that the stage runs and sets. */
function textOf({ instructions }: Stage): string {
  return instructions
    .flatMap((instruction) => {
      if (instruction.kind === 'run') return [runText(instruction)];
      if (instruction.kind === 'env') return instruction.pairs.map(({ key, value }) => `${key}=${value}`);
      return [];
    })
    .join('\n');
}
