import type { PlatformLint } from './platform-lint.ts';
import { type ShellCommand, shellCommands } from './shell-commands.ts';
import { type StageView, runText } from './stage-view.ts';

/** What the first command may be, that all are looked at. */
const BEGINS =
  /^[\s({!]*(?:[A-Za-z_]\w*=|(?:export|declare|typeset|readonly|local|cd|source|set|true|env|\.|:|#)(?!\S))/;

/** RunSetsNothing: every command of a RUN changes its shell only. */
export function lintSetsNothing({ stage }: StageView, { lint }: Pick<PlatformLint, 'lint'>): void {
  for (const instruction of stage.instructions) {
    if (instruction.kind !== 'run' || instruction.command.form === 'exec') continue;
    const text = runText(instruction);
    if (!BEGINS.test(text)) continue;
    const commands = shellCommands(text).filter(({ words }) => !isNothing(words));
    const effects = commands.map(effectOf);
    if (effects.length === 0 || effects.some((effect) => effect === undefined)) continue;
    const what = effects.flatMap((effect) => effect?.what ?? []).join(', ');
    const rewrite = effects.flatMap((effect) => effect?.rewrite ?? []);
    const complete = effects.every((effect) => effect?.rewrite !== undefined);
    lint.report('RunSetsNothing', { what }, { ...instruction, ...(complete ? { rewrite } : {}) });
  }
}

interface Effect {
  readonly what: string;
  readonly rewrite?: string;
}

function isNothing(words: readonly string[]): boolean {
  return words[0] === 'set' || words[0] === ':' || words[0] === 'true';
}

/** What is gone with the shell; undefined for a command that does something. */
function effectOf({ assignments, words }: ShellCommand): Effect | undefined {
  const [name = '', ...rest] = words;
  if (words.some((word) => /[<>]/.test(word))) return undefined;
  if (name === '') return ofVariables(assignments);
  if (assignments.length > 0) return undefined;
  const values = rest.filter((word) => !word.startsWith('-'));
  if (/^(?:export|declare|typeset|readonly|local)$/.test(name) && values.length > 0) return ofVariables(values);
  if (name === 'cd' && values.length === 1) {
    return { what: `the folder of "cd ${values[0]}"`, rewrite: `WORKDIR ${values[0]}` };
  }
  const activates = (name === 'source' || name === '.') && values[0]?.endsWith('/activate') === true;
  return activates ? { what: `what ${values[0]} sets` } : undefined;
}

function ofVariables(assignments: readonly string[]): Effect {
  const names = assignments.map((text) => text.split('=', 1)[0] ?? '').join(', ');
  const simple = assignments.every((text) => /^\w+=[^\s`"'\\]*$/.test(text) && !text.includes('$('));
  return { what: `the value of ${names}`, ...(simple ? { rewrite: `ENV ${assignments.join(' ')}` } : {}) };
}
