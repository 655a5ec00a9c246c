import type { Instruction, Stage } from '../ast.ts';
import { architectureOf, architectureWords, choosesArchitecture, replaceArchitecture } from './architecture-words.ts';
import { type PlatformLint, namesOf, writtenOf } from './platform-lint.ts';
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
    const [architecture, ...others] = new Set(ofKind.map((one) => one.architecture));
    if (architecture === undefined || others.length > 0) continue;
    if (context.platforms.every((platform) => platform.architecture === architecture)) continue;
    for (const instruction of new Set(ofKind.map((one) => one.instruction))) {
      report(
        ofKind.filter((one) => one.instruction === instruction),
        { view, context },
      );
    }
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

/** What is wrong in one instruction is one finding. */
function report(all: readonly Found[], { view, context }: { view: StageView; context: PlatformLint }): void {
  const [found] = all;
  if (found === undefined) return;
  const { instruction, architecture, text } = found;
  const platforms = namesOf(context.platforms);
  const rewrite = rewritten(all, { view, written: writtenOf(instruction, context.lines) });
  const at = { ...instruction, ...(rewrite === undefined ? {} : { rewrite }) };
  if (found.kind === 'goarch') context.lint.report('HardCodedGoarch', { value: text, platforms }, at);
  else context.lint.report('HardCodedArchitecture', { file: text.replace(/^\[/, ''), architecture, platforms }, at);
}

/** The lines with TARGETARCH, or with what uname says where that is the name that is used. */
function rewritten(
  all: readonly Found[],
  { view, written }: { view: StageView; written: string },
): readonly string[] | undefined {
  const { stage, runsFor } = view;
  const [found] = all;
  if (found === undefined) return undefined;
  if (found.instruction.kind === 'arg') return ['ARG TARGETARCH', 'ENV GOARCH=$TARGETARCH'];
  if (found.kind === 'goarch') return withArg(written.replaceAll(GOARCH, 'GOARCH=$TARGETARCH'), written, stage);
  if (runsFor === 'build') return undefined;
  const words = all.flatMap(({ text }) => architectureWords(text));
  const named = words.every((word) => word === 'x86_64' || word === 'aarch64');
  if (named && found.instruction.kind === 'run') return replaceIn(written, all, '$(uname -m)').split('\n');
  if (words.some((word) => word !== architectureOf(word))) return undefined;
  return withArg(replaceIn(written, all, '${TARGETARCH}'), written, stage);
}

function replaceIn(written: string, all: readonly Found[], by: string): string {
  return all.reduce(
    (text, found) =>
      text.replaceAll(
        found.text,
        replaceArchitecture(found.text, () => by),
      ),
    written,
  );
}

function withArg(text: string, written: string, stage: Stage): readonly string[] | undefined {
  if (text === written) return undefined;
  return [...(declares(stage, 'TARGETARCH') ? [] : ['ARG TARGETARCH']), ...text.split('\n')];
}
