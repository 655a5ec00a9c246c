import type { Instruction, Stage } from '../ast.ts';
import { architectureOf, architectureWords, choosesArchitecture, replaceArchitecture } from './architecture-words.ts';
import { type PlatformLint, namesOf } from './platform-lint.ts';
import { type StageView, declares, runText } from './stage-view.ts';

/** Addresses, package files, and Debian's `[arch=amd64]`. */
const FILES =
  /https?:\/\/[^\s'"`;|)<>]+|\[arch=[^\]\s]+|[^\s'"`=;|()<>]+\.(?:deb|rpm|apk|tar(?:\.\w+)?|tgz|txz|tbz2?|zip|AppImage)(?![\w.])/g;
const GOARCH = /(?<![\w-])GOARCH=["']?([a-z0-9]+)(?![\w$])/g;

/** HardCodedGoarch and HardCodedArchitecture, in a stage that is made for each of several platforms. */
export function lintArchitectures(view: StageView, context: PlatformLint): void {
  const { stage, runsFor } = view;
  // A stage for one architecture, as its FROM or its name says.
  if (runsFor === 'fixed' || architectureWords(stage.name).length > 0) return;
  const found = stage.instructions.flatMap((instruction) => findingsOf(instruction, context));
  for (const kind of ['goarch', 'file'] as const) {
    const ofKind = found.filter((one) => one.kind === kind);
    // Several architectures: all are made, or one is chosen.
    if (new Set(ofKind.map((one) => one.architecture)).size !== 1) continue;
    for (const one of ofKind) report(one, { view, context });
  }
}

interface Found {
  readonly kind: 'goarch' | 'file';
  readonly instruction: Instruction;
  /** Go's name. */
  readonly architecture: string;
  /** As it is written. */
  readonly text: string;
}

function findingsOf(instruction: Instruction, { buildArgs }: PlatformLint): readonly Found[] {
  switch (instruction.kind) {
    case 'run': {
      const text = runText(instruction);
      if (choosesArchitecture(text)) return [];
      return [...goarchs(text, instruction), ...filesIn(text.match(FILES) ?? [], instruction)];
    }
    case 'env':
      return goarchs(instruction.pairs.map(({ key, value }) => `${key}=${value}`).join('\n'), instruction);
    case 'arg': {
      const set = instruction.args.filter(({ key, value }) => value !== undefined && !buildArgs.has(key));
      return goarchs(set.map(({ key, value = '' }) => `${key}=${value}`).join('\n'), instruction);
    }
    case 'copy':
    case 'add':
      return filesIn(instruction.sources, instruction);
    default:
      return [];
  }
}

function goarchs(text: string, instruction: Instruction): readonly Found[] {
  return [...text.matchAll(GOARCH)].map(([, value = '']) => ({
    kind: 'goarch',
    instruction,
    architecture: value,
    text: value,
  }));
}

function filesIn(files: readonly string[], instruction: Instruction): readonly Found[] {
  return files
    .filter((file) => !choosesArchitecture(file))
    .flatMap((text) => {
      return architectureWords(text).map((word) => ({
        kind: 'file' as const,
        instruction,
        architecture: architectureOf(word),
        text,
      }));
    });
}

function report(found: Found, { view, context }: { view: StageView; context: PlatformLint }): void {
  const { instruction, architecture, text } = found;
  const platforms = namesOf(context.platforms);
  const rewrite = rewritten(found, view);
  const at = { ...instruction, ...(rewrite === undefined ? {} : { rewrite }) };
  if (found.kind === 'goarch') context.lint.report('HardCodedGoarch', { value: text, platforms }, at);
  else context.lint.report('HardCodedArchitecture', { file: text.replace(/^\[/, ''), architecture, platforms }, at);
}

/** The lines with TARGETARCH, or with what uname says where that is the name that is used. */
function rewritten({ instruction, kind, text }: Found, { stage, runsFor }: StageView): readonly string[] | undefined {
  const { original } = instruction;
  if (instruction.kind === 'arg') return ['ARG TARGETARCH', 'ENV GOARCH=$TARGETARCH'];
  if (kind === 'goarch') return withArg(original.replaceAll(GOARCH, 'GOARCH=$TARGETARCH'), original, stage);
  if (runsFor === 'build') return undefined;
  const words = architectureWords(text);
  if (words.every((word) => word === architectureOf(word))) {
    return withArg(
      original.replaceAll(
        text,
        replaceArchitecture(text, () => '${TARGETARCH}'),
      ),
      original,
      stage,
    );
  }
  const named = instruction.kind === 'run' && words.every((word) => word === 'x86_64' || word === 'aarch64');
  return named
    ? [
        original.replaceAll(
          text,
          replaceArchitecture(text, () => '$(uname -m)'),
        ),
      ]
    : undefined;
}

function withArg(line: string, original: string, stage: Stage): readonly string[] | undefined {
  if (line === original) return undefined;
  return declares(stage, 'TARGETARCH') ? [line] : ['ARG TARGETARCH', line];
}
