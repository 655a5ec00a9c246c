import { describe, expect, test } from 'vitest';
import { expandWord, expandWords } from './shell-words.ts';
import type { WordOptions } from './shell-words.ts';

const VALUES: Readonly<Record<string, string>> = {
  name: 'alpine',
  file: '/srv/app/app.tar.gz',
  empty: '',
  list: 'one two  three',
  stars: 'a*b*c',
  accents: 'naïve café',
  back: 'a\\b',
};
const env = (name: string): string | undefined => (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined);
const expand = (word: string, options?: WordOptions): string => expandWord(word, env, options).result;

describe('a word is expanded', () => {
  test.each<[word: string, result: string]>([
    ['plain', 'plain'],
    ['$name', 'alpine'],
    ['${name}x', 'alpinex'],
    ['$namex', ''],
    ['pre-$name/post', 'pre-alpine/post'],
    ['$unset', ''],
    ['$', '$'],
    ['$$', ''],
    ['cost: $ 5', 'cost: $ 5'],
    ['$1a', 'a'],
    ['a\\$name', 'a$name'],
    ["'$name'", '$name'],
    ['"$name"', 'alpine'],
    ['"a \\"b\\" \\n"', 'a "b" \\n'],
    ["'it'\"'\"s", "it's"],
    ['a\\ b', 'a b'],
    ['end\\', 'end'],
    ['a < b', 'a < b'],
    ['${unset:-fall}', 'fall'],
    ['${unset:-${name}}', 'alpine'],
    ['${unset:-"a b"}', 'a b'],
    ['${empty:-fall}', 'fall'],
    ['${empty-fall}', ''],
    ['${unset-fall}', 'fall'],
    ['${name:+yes}', 'yes'],
    ['${empty:+yes}', ''],
    ['${empty+yes}', 'yes'],
    ['${unset+yes}', ''],
    ['${name:?needed}', 'alpine'],
    ['${empty?needed}', ''],
    ['${file#*/}', 'srv/app/app.tar.gz'],
    ['${file##*/}', 'app.tar.gz'],
    ['${file%.*}', '/srv/app/app.tar'],
    ['${file%%.*}', '/srv/app/app'],
    ['${file#nothing}', '/srv/app/app.tar.gz'],
    ['${stars#a\\*}', 'b*c'],
    ['${stars%\\*?}', 'a*b'],
    ["${back#'a\\'}", 'b'],
    ['${accents%é}', 'naïve caf'],
    ['${file/app/lib}', '/srv/lib/app.tar.gz'],
    ['${file//app/lib}', '/srv/lib/lib.tar.gz'],
    ['${file//\\//-}', '-srv-app-app.tar.gz'],
    ['${file/*app/x}', 'x.tar.gz'],
    ['${name//?/.}', '......'],
    ['${name//l/$name}', 'aalpinepine'],
    ['${name/a/}', 'lpine'],
    ['${unset/a/b}', ''],
  ])('%s becomes %s', (word, result) => {
    expect(expand(word)).toBe(result);
  });

  test('names looked up are told apart', () => {
    const { matched, unmatched } = expandWord('$name $gone ${other:-$empty}', env);
    expect({ matched, unmatched }).toEqual({ matched: ['name', 'empty'], unmatched: ['gone', 'other'] });
  });
});

describe('an option changes how a word is read', () => {
  test.each<[title: string, options: WordOptions, word: string, result: string]>([
    ['backtick as escape', { escape: '`' }, 'C:\\dir\\`$name', 'C:\\dir\\$name'],
    ['quotes kept', { rawQuotes: true }, '"$name" \'b\'', '"alpine" \'b\''],
    ['escapes kept', { rawEscapes: true }, 'a\\ b\\$name', 'a\\ b\\$name'],
    ['quotes as ordinary characters', { plainQuotes: true }, `it's "$name" \\$name`, `it's "alpine" $name`],
    ['unset variables left', { skipUnset: true }, '$gone ${gone} ${gone:-x} $name', '$gone ${gone} ${gone:-x} alpine'],
    ['other shells’ forms left when unset', { skipUnset: true }, '${gone:0:3}', '${gone:0:3}'],
  ])('%s', (_, options, word, result) => {
    expect(expand(word, options)).toBe(result);
  });
});

describe('a word that can not be expanded is refused', () => {
  test.each<[word: string, message: string]>([
    ['"open', 'unexpected end of statement while looking for matching double-quote'],
    ["'open", 'unexpected end of statement while looking for matching single-quote'],
    ['${name', "missing '}'"],
    ['${', "missing '}'"],
    ['${name:', "missing '}'"],
    ['${name:-x', "missing '}'"],
    ['${}', 'bad substitution'],
    ['${name/a}', "missing '/'"],
    ['${name:0:1}', 'unsupported modifier (:0) in substitution'],
    ['${name^}', 'unsupported modifier (^) in substitution'],
    ['${name:#a}', 'unsupported modifier (:#) in substitution'],
    ['${name#\\a}', "invalid escape '\\a'"],
    ['${unset?}', 'unset: is not allowed to be unset'],
    ['${empty:?}', 'empty: is not allowed to be empty'],
    ['${unset:?say so}', 'unset: say so'],
    ['${a:-'.repeat(1000), 'nested too deep'],
  ])('%s', (word, message) => {
    expect(() => expand(word)).toThrow(expect.objectContaining({ code: 'DOCKERFILE_EXPAND' }));
    expect(() => expand(word)).toThrow(message);
  });

  test('a substitution that would take or give too much ends', () => {
    const long = 'a'.repeat(200_000);
    expect(() => expandWord('${x//a/$x}', () => long)).toThrow('grows too long');
    expect(() => expandWord('${x//*a*a*a*b/}', () => long)).toThrow('takes too long');
  });
});

describe('words are split after expansion', () => {
  test.each<[word: string, words: string[]]>([
    ['a  b\tc', ['a', 'b', 'c']],
    ['$list', ['one', 'two', 'three']],
    ['"$list" x', ['one two  three', 'x']],
    ['a\\ b c', ['a b', 'c']],
    ["'' a", ['a']],
    ['80${unset:-80}', ['8080']],
    ['cat << EOF >x', ['cat', '<< EOF', '>x']],
    ['$unset', []],
  ])('%s', (word, words) => {
    expect(expandWords(word, env)).toEqual(words);
  });
});
