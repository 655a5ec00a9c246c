import { array, assert, boolean, constantFrom, option, property, record, string, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fuzz, inTime } from '../../test/support/fuzz.ts';
import { PolyarchError } from '../util/error.ts';
import { type EnvLookup, expandWord, expandWords } from './shell-words.ts';

const PIECES = '$ ${ } : - + ? # ## % %% / // a b_1 é \\ ` " \' < << <<E * ? [ ] ! @ 1 \n \t'.split(' ');
const piece = constantFrom(...PIECES, ' ', '${a}', '${a:-', '${b/', '$a');
const text = array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
const options = record({
  escape: constantFrom('\\', '`'),
  rawQuotes: boolean(),
  rawEscapes: boolean(),
  plainQuotes: boolean(),
  skipUnset: boolean(),
});
const ENV: EnvLookup = (name) => ({ a: 'a value/with*a?b', b: '', é: '"\'\\$' })[name];

function tried<T>(work: () => T): T | undefined {
  try {
    return inTime(work);
  } catch (error) {
    if (error instanceof PolyarchError && error.code === 'DOCKERFILE_EXPAND') return undefined;
    throw error;
  }
}

describe('any word', () => {
  test('is expanded or refused by its code, in time', () => {
    let expanded = 0;
    assert(
      property(text, options, (word, settings) => {
        const one = tried(() => expandWord(word, ENV, settings));
        const many = tried(() => expandWords(word, ENV, settings));
        expect(one === undefined).toBe(many === undefined);
        if (one !== undefined) expanded++;
      }),
      fuzz(3000),
    );
    expect(expanded).toBeGreaterThan(500);
  });

  test('that is long is too', () => {
    assert(
      property(text, constantFrom('\\', '`'), (word, escape) => {
        tried(() => expandWord(word.repeat(2000), ENV, { escape }));
      }),
      fuzz(60),
    );
  });
});

const any = string({ unit: 'grapheme', maxLength: 12 });

describe('what is quoted is not touched', () => {
  test.each(['\\', '`'] as const)('with %s as the escape', (escape) => {
    const escaped = (word: string) => [...word].map((char) => (/[\w\n]/.test(char) ? char : escape + char)).join('');
    assert(
      property(any, (word) => {
        expect(expandWord(escaped(word), ENV, { escape }).result).toBe(word);
        const inDouble = word.replaceAll(/["$`\\]/g, (char) =>
          /["$]/.test(char) || char === escape ? escape + char : char,
        );
        expect(expandWord(`"${inDouble}"`, ENV, { escape }).result).toBe(word);
        const inSingle = word.replaceAll("'", `'"'"'`);
        expect(expandWord(`'${inSingle}'`, ENV, { escape }).result).toBe(word);
      }),
      fuzz(1000),
    );
    assert(
      property(array(any), (words) => {
        const quoted = words.map((word) => `'${word.replaceAll("'", `'"'"'`)}'`);
        expect(expandWords(quoted.join(' '), ENV, { escape })).toEqual(words.filter((word) => word !== ''));
      }),
      fuzz(500),
    );
  });
});

test('a variable, a default and an alternative are chosen as POSIX says', () => {
  const plain = string({ unit: constantFrom(...'abcXYZ019._'), maxLength: 4 });
  assert(
    property(option(plain, { nil: undefined }), plain, tuple(plain, plain), (value, word, [before, after]) => {
      const expand = (form: string) =>
        expandWord(`${before}${form}"${after}"`, (name) => (name === 'x' ? value : undefined));
      const chosen = {
        [`\${x-${word}}`]: value ?? word,
        [`\${x:-${word}}`]: value === undefined || value === '' ? word : value,
        [`\${x+${word}}`]: value === undefined ? '' : word,
        [`\${x:+${word}}`]: value === undefined || value === '' ? '' : word,
        ['${x}']: value ?? '',
        [`\${x#${word}}`]: value?.startsWith(word) === true ? value.slice(word.length) : (value ?? ''),
        [`\${x%${word}}`]: value?.endsWith(word) === true ? value.slice(0, value.length - word.length) : (value ?? ''),
        [`\${x##*}`]: '',
        [`\${x%%*}`]: '',
        [`\${x/*/${word}}`]: value === undefined ? word : word,
      };
      for (const [form, result] of Object.entries(chosen))
        expect([form, expand(form).result]).toEqual([form, before + result + after]);
    }),
    fuzz(1000),
  );
});
