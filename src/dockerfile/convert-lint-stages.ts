import { parseReference } from '../oci/reference.ts';
import type { Dockerfile, Location, Stage } from './ast.ts';
import { type Env, globalArgs } from './convert-args.ts';
import type { Lint } from './convert-lint.ts';
import { expandWord } from './shell-words.ts';

const RESERVED: ReadonlySet<string> = new Set(['context', 'scratch']);

/** The rules that look at the file as a whole, whichever stage is built. */
export function lintStages(dockerfile: Dockerfile, options: { lint: Lint; platformArgs: Env }): void {
  const names = new Set<string>();
  for (const stage of dockerfile.stages) {
    lintNames(stage, options.lint);
    for (const instruction of stage.instructions) {
      if (instruction.kind !== 'maintainer') continue;
      options.lint.warn(
        'MaintainerDeprecated',
        'Maintainer instruction is deprecated in favor of using label',
        instruction,
      );
    }
    if (stage.name === '') continue;
    if (RESERVED.has(stage.name)) {
      const message = `Stage name should not use the same name as reserved stage "${stage.name}"`;
      options.lint.warn('ReservedStageName', message, stage);
    }
    if (names.has(stage.name)) {
      const message = `Duplicate stage name "${stage.name}", stage names should be unique`;
      options.lint.warn('DuplicateStageName', message, stage);
    }
    names.add(stage.name);
  }
  lintKeywords(dockerfile, options.lint);
  lintDefaults(dockerfile, options);
}

function lintNames(stage: Stage, lint: Lint): void {
  const { keyword, original } = stage.from;
  const [, as, name] = /^\S+(?:\s+--\S+)*\s+\S+\s+([aA][sS])\s+(\S+)/.exec(original) ?? [];
  if (as === undefined || name === undefined) return;
  if (name !== name.toLowerCase()) lint.warn('StageNameCasing', `Stage name '${name}' should be lowercase`, stage);
  const same = keyword === keyword.toLowerCase() ? as.toLowerCase() : as.toUpperCase();
  if (as !== same) lint.warn('FromAsCasing', `'${as}' and '${keyword}' keywords' casing do not match`, stage);
}

function lintKeywords(dockerfile: Dockerfile, lint: Lint): void {
  const all: readonly { readonly keyword: string; readonly location: Location }[] = dockerfile.stages.flatMap(
    (stage) => [stage.from, ...stage.instructions],
  );
  const lower = all.filter(({ keyword }) => keyword === keyword.toLowerCase()).length;
  const upper = all.filter(({ keyword }) => keyword === keyword.toUpperCase()).length;
  const wanted = lower > upper ? 'lowercase' : 'uppercase';
  for (const instruction of all) {
    const { keyword } = instruction;
    if (keyword === (lower > upper ? keyword.toLowerCase() : keyword.toUpperCase())) continue;
    const message = `Command '${keyword}' should match the case of the command majority (${wanted})`;
    lint.warn('ConsistentInstructionCasing', message, instruction);
  }
}

/** A base that is no image without build arguments. */
function lintDefaults(dockerfile: Dockerfile, options: { lint: Lint; platformArgs: Env }): void {
  const { escape } = dockerfile.directives;
  for (const stage of dockerfile.stages) {
    try {
      const env = globalArgs(dockerfile, { platformArgs: options.platformArgs, buildArgs: new Map() });
      const base = expandWord(stage.baseName, (name) => env.get(name), { escape }).result;
      if (isReference(base)) continue;
    } catch {
      return;
    }
    const message = `Default value for ARG ${stage.baseName} results in empty or invalid base image name`;
    options.lint.warn('InvalidDefaultArgInFrom', message, stage);
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
