import { expect, it } from 'vitest';
import { shellCommands } from './shell-commands.ts';

it.each<[string, string[]]>([
  ['', []],
  ['make', ['make']],
  ['a && b || c; d | e & f', ['a', 'b', 'c', 'd', 'e', 'f']],
  ['a "b && c" \'; d\' e\\;f', ['a b && c ; d e;f']],
  ['A=1 B="2 3" make x', ['A=1 B=2 3 | make x']],
  ['A=1', ['A=1 |']],
  ['A=$(b; c "d)") e', ['A=$(b; c "d)") | e']],
  ['A=`b; c`; d', ['A=`b; c` |', 'd']],
  ['if test -f x; then make; else ! gcc y; fi', ['test -f x', 'make', 'gcc y', 'fi']],
  ['(cd x && make) # and more', ['cd x', 'make']],
  ['sudo env A=b make', ['A=b | make']],
  ['a \\\n b\nc', ['a  b', 'c']],
  ['"open', ['open']],
  ['$(open', ['$(open']],
])('%j', (text, expected) => {
  const shown = shellCommands(text).map(({ assignments, words }) =>
    (assignments.length === 0 ? words.join(' ') : `${assignments.join(' ')} | ${words.join(' ')}`).trim(),
  );
  expect(shown).toEqual(expected);
});
