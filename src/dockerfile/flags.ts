import { failure } from './failure.ts';
import { didYouMean } from './suggest.ts';

/** How often a flag may stand and what it takes: `--x[=true|false]`, `--x=text`, or `--x=text` several times. */
export type FlagKind = 'bool' | 'text' | 'texts';

export interface Flags {
  /** The text after `=`; '' when the flag is not given. */
  text(name: string): string;
  texts(name: string): readonly string[];
  /** Undefined when the flag is not given. */
  bool(name: string): boolean | undefined;
}

/**
 * Checks an instruction's flags against those it has.
 * @throws PolyarchError DOCKERFILE_UNKNOWN_FLAG; DOCKERFILE_PARSE for a repeated flag, a missing or a wrong value.
 */
export function parseFlags(words: readonly string[], spec: Readonly<Record<string, FlagKind>> = {}): Flags {
  const values = new Map<string, string[]>();
  for (const word of words) {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const kind = Object.hasOwn(spec, name) ? spec[name] : undefined;
    if (kind === undefined) {
      const known = Object.keys(spec);
      throw failure(`unknown flag: --${name}${didYouMean(name, known)}`, {
        code: 'DOCKERFILE_UNKNOWN_FLAG',
        hint: known.length === 0 ? 'this instruction takes no flags' : `known flags: --${known.join(', --')}`,
        word: `--${name}`,
      });
    }
    const given = values.get(name);
    if (given !== undefined && kind !== 'texts') {
      throw failure(`duplicate flag specified: --${name}`, { word: [word, `--${name}`] });
    }
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    const checked = kind === 'bool' ? boolText(name, value) : value;
    if (checked === undefined) {
      throw failure(`missing a value on flag: --${name}`, { hint: `write --${name}=VALUE`, word: [word, `--${name}`] });
    }
    if (given === undefined) values.set(name, [checked]);
    else given.push(checked);
  }
  return {
    text: (name) => values.get(name)?.[0] ?? '',
    texts: (name) => values.get(name) ?? [],
    bool: (name) => {
      const value = values.get(name)?.[0];
      return value === undefined ? undefined : value === 'true';
    },
  };
}

function boolText(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return 'true';
  if (value === '') return undefined;
  const lower = value.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower;
  const near = didYouMean(lower, ['true', 'false']);
  throw failure(`expecting boolean value for flag --${name}, not: ${value}${near}`, {
    hint: `write --${name} or --${name}=false`,
    word: [`--${name}=${value}`, value],
  });
}
