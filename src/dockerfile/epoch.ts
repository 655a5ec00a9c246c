import { http } from '../llb/source.ts';
import { gitState } from '../llb/git-reference.ts';
import type { State } from '../llb/state.ts';
import { PolyarchError } from '../util/error.ts';
import type { AddInstruction, Dockerfile, Stage } from './ast.ts';
import type { Env } from './convert-args.ts';
import type { ConvertOptions } from './convert-options.ts';
import { checksumOf, downloadName, gitReference, isHttp } from './dispatch-add.ts';
import { failure, locate } from './failure.ts';
import { expandWord } from './shell-words.ts';

const NAME = 'SOURCE_DATE_EPOCH';

interface Arguments {
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly globalArgs: Env;
}

/** Arguments in which SOURCE_DATE_EPOCH is a number of seconds, if anything. */
export interface DatedArguments extends Arguments {
  readonly epoch: number | undefined;
}

/**
 * The time that SOURCE_DATE_EPOCH names: seconds since 1970, or whose time it is, as in BuildKit: `context` for the main
 * context, a named context, or a stage that is nothing but one ADD of a git repository or a file on the web.
 *
 * @throws PolyarchError SOURCE_DATE_EPOCH_INVALID
 */
export async function resolveEpoch(
  dockerfile: Dockerfile,
  { options, buildArgs, globalArgs }: Arguments & { readonly options: ConvertOptions },
): Promise<DatedArguments> {
  const text = buildArgs.get(NAME) ?? globalArgs.get(NAME) ?? '';
  if (text === '') return { epoch: undefined, buildArgs, globalArgs };
  if (/^[+-]?\d{1,15}$/.test(text)) {
    if (Math.abs(Number(text)) > 8.64e12) throw invalid(text, { dockerfile, buildArgs });
    return { epoch: Number(text), buildArgs, globalArgs };
  }
  const epoch = await timeOf(text, { dockerfile, options, buildArgs, globalArgs });
  return { epoch, buildArgs: withTime(buildArgs, epoch), globalArgs: withTime(globalArgs, epoch) };
}

/** With the seconds for the name, and without it where that has no time. */
function withTime(values: ReadonlyMap<string, string>, epoch: number | undefined): ReadonlyMap<string, string> {
  if (!values.has(NAME)) return values;
  const changed = new Map(values);
  if (epoch === undefined) changed.delete(NAME);
  else changed.set(NAME, String(epoch));
  return changed;
}

async function timeOf(
  name: string,
  given: Arguments & { readonly dockerfile: Dockerfile; readonly options: ConvertOptions },
): Promise<number | undefined> {
  const { dockerfile, options } = given;
  const { contexts, sourceTime, signal } = options;
  if (name === 'context') return options.contextTime?.();
  const named = await contexts?.(name, { platform: options.targetPlatform });
  if (named !== undefined)
    return named.kind === 'state' ? sourceTime?.((await named.load({ signal })).state) : undefined;
  const stage = dockerfile.stages.find((one) => one.name !== '' && one.name === name.toLowerCase());
  if (stage === undefined) throw invalid(name, given);
  try {
    return await sourceTime?.(onlySource(stage, given));
  } catch (error) {
    throw locate(error, { location: stage.location, lines: dockerfile.lines });
  }
}

/** What the one ADD of a stage gets, which has nothing else. */
function onlySource(
  stage: Stage,
  { dockerfile, buildArgs, globalArgs }: Arguments & { dockerfile: Dockerfile },
): State {
  const env = new Map(globalArgs);
  env.delete(NAME);
  const expand = (word: string): string =>
    expandWord(word, (name) => env.get(name), { escape: dockerfile.directives.escape }).result;
  if (expand(stage.baseName) !== 'scratch') throw wrongStage('is not FROM scratch');
  const states: State[] = [];
  for (const instruction of stage.instructions) {
    if (instruction.kind === 'add') states.push(remoteState(instruction, expand));
    else if (instruction.kind !== 'arg') throw wrongStage(`has ${instruction.keyword.toUpperCase()}`);
    else
      for (const { key, value } of instruction.args) {
        const text = buildArgs.get(key) ?? (value === undefined ? undefined : expand(value));
        if (text !== undefined) env.set(key, text);
      }
  }
  const [state, ...more] = states;
  if (state === undefined || more.length > 0) throw wrongStage(`has ${states.length} times ADD`);
  return state;
}

function remoteState(instruction: AddInstruction, expand: (word: string) => string): State {
  const [source, ...more] = instruction.sources;
  if (source === undefined || more.length > 0 || instruction.inline.length > 0)
    throw wrongStage('adds not just one thing');
  const address = expand(source);
  const checksum = expand(instruction.checksum);
  const reference = gitReference(address);
  if (reference !== undefined) return gitState(reference, checksum === '' ? {} : { checksum });
  if (!isHttp(address)) throw wrongStage('adds what is not remote');
  return http(address, {
    filename: downloadName(address),
    ...(checksum === '' ? {} : { checksum: checksumOf(checksum, instruction) }),
  });
}

function wrongStage(why: string): PolyarchError {
  return failure(`the stage that ${NAME} names ${why}`, {
    code: 'SOURCE_DATE_EPOCH_INVALID',
    hint: 'it must be FROM scratch with one ADD, of a git repository or a file on the web, and nothing else but ARG',
  });
}

/** With its place where it is a default of the Dockerfile. */
function invalid(
  text: string,
  { dockerfile, buildArgs }: Pick<Arguments, 'buildArgs'> & { readonly dockerfile: Dockerfile },
): unknown {
  const error = new PolyarchError('SOURCE_DATE_EPOCH_INVALID', `${NAME} is "${text}", not a time`, {
    hint:
      'give whole seconds since 1970, for instance $(git log -1 --format=%ct); or `context`, the name of a named context ' +
      'or of a stage, for the time of what that is fetched from',
  });
  const place = buildArgs.has(NAME)
    ? undefined
    : dockerfile.metaArgs.findLast(({ args }) => args.some(({ key }) => key === NAME));
  if (place === undefined) return error;
  return locate(error, { location: place.location, lines: dockerfile.lines, word: [text, NAME] });
}
