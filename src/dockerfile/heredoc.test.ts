import { describe, expect, test } from 'vitest';
import { chompHeredoc, heredocsOfLine, parseHeredocWord } from './heredoc.ts';

describe('the word that begins a heredoc', () => {
  test.each<[word: string, name: string, expand: boolean, chomp?: boolean, fileDescriptor?: number]>([
    ['<<EOF', 'EOF', true],
    ['<<-EOF', 'EOF', true, true],
    ['4<<EOF', 'EOF', true, false, 4],
    ['<<"EOF"', 'EOF', false],
    ["<<-'a b'", 'a b', false, true],
    ['<<E"O"F', 'EOF', false],
    ['<<E\\OF', 'EOF', true],
    ["<<E\\'F", "E'F", true],
    ['<< EOF', 'EOF', true],
    ['<<$EOF', '$EOF', true],
  ])('%s', (word, name, expand, chomp = false, fileDescriptor = 0) => {
    expect(parseHeredocWord(word)).toEqual({ name, expand, chomp, fileDescriptor });
  });

  test.each(['<EOF', '<<', '<<-', '<<<EOF', 'x<<EOF', '<<a b', '<<"open', "<<''"])('%s begins none', (word) => {
    expect(parseHeredocWord(word)).toBeUndefined();
  });
});

test.each<[line: string, names: string[]]>([
  ['RUN cat <<A >x && cat <<-"B" 3<<C', ['A', 'B', 'C']],
  ['RUN echo "<<A" \'<<B\' \\<<C', []],
  ['RUN cat << A', ['A']],
  ['RUN x=${y:0:1} cat <<A', ['A']],
  ['RUN cat <<A "open', []],
  ['RUN cat <<<A', []],
])('%s begins %j', (line, names) => {
  expect(heredocsOfLine(line).map(({ name }) => name)).toEqual(names);
});

test('tabs at the start of lines are removed', () => {
  expect(chompHeredoc('\t\ta\n\tb\tc\n  \td\n\n\t')).toBe('a\nb\tc\n  \td\n\n');
});
