import type { RunInstruction, Stage } from '../ast.ts';
import { COMPILERS, type Compiler, MENTIONS_COMPILER, onBuildPlatform } from './compilers.ts';
import { type PlatformLint, namesOf, writtenOf } from './platform-lint.ts';
import { type ShellCommand, shellCommands } from './shell-commands.ts';
import { type StageView, baseOf, declares, runText } from './stage-view.ts';

/** EmulatedCompile: a stage for the target compiles what could be compiled on the building machine. */
export function lintCompilers(view: StageView, { lint, foreign, lines }: PlatformLint): void {
  if (!isTaken(view)) return;
  const found = compileAdvice(view, { foreign, lines, compilers: COMPILERS });
  if (found === undefined) return;
  const { instruction, tool, why, rewrite } = found;
  lint.report('EmulatedCompile', { tool, platforms: namesOf(foreign), why }, { ...instruction, rewrite });
}

/** How a stage would compile natively. */
export interface CompileAdvice {
  /** The first that compiles. */
  readonly instruction: RunInstruction;
  /** The compiler's first words. */
  readonly tool: string;
  readonly why: string;
  /** Lines to write instead. */
  readonly rewrite: readonly string[];
}

/** What the first of the compilers that a stage for the target runs asks for; undefined without one. */
export function compileAdvice(
  view: StageView,
  options: Pick<PlatformLint, 'foreign' | 'lines'> & { readonly compilers: readonly Compiler[] },
): CompileAdvice | undefined {
  const { foreign, lines, compilers } = options;
  const { stage, runsFor } = view;
  if (runsFor !== 'target') return undefined;
  const runs = stage.instructions.flatMap((instruction) => {
    const text = instruction.kind === 'run' ? runText(instruction) : '';
    return instruction.kind === 'run' && MENTIONS_COMPILER.test(text)
      ? [{ instruction, commands: shellCommands(text) }]
      : [];
  });
  if (runs.length === 0) return undefined;
  const all = textOf(stage);
  for (const compiler of compilers) {
    const found = runs.flatMap(({ instruction, commands }) => {
      const tool = toolOf(commands, compiler);
      return tool === undefined ? [] : [{ tool, instruction }];
    });
    const [first] = found;
    if (first === undefined || compiler.excludes?.(view, all) === true) continue;
    const base = baseOf(view);
    const { args, before = [], after } = compiler;
    const rewrite = [
      fromLine(view),
      ...(typeof before === 'function' ? before({ base, platforms: foreign }) : before),
      ...missingArgs(typeof args === 'function' ? args(foreign) : args, stage),
      ...found.flatMap(({ instruction }) => {
        const written = writtenOf(instruction, lines);
        return (compiler.replace?.(written, { text: all, base, platforms: foreign }) ?? written).split('\n');
      }),
      ...(view.inResult ? lastStage(view, after) : []),
    ];
    return { instruction: first.instruction, tool: first.tool, why: compiler.why, rewrite };
  }
  return undefined;
}

/** One that starts from another stage is put on $BUILDPLATFORM by that one's FROM. */
function fromLine(view: StageView): string {
  const root = rootOf(view);
  return onBuildPlatform(root.stage) + (view.inResult && root.stage.name === '' ? ' AS build' : '');
}

/** What is compiled in the image that is made goes into another stage. */
function lastStage(view: StageView, [copied, ...more]: Compiler['after'] = ['…']): readonly string[] {
  const { name, baseName } = rootOf(view).stage;
  return [
    `# and in a last stage: FROM ${baseName}`,
    `# COPY --from=${name === '' ? 'build' : name} ${copied}`,
    ...more.map((line) => `# ${line}`),
  ];
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
