/** A command of a shell text: the assignments before it, then its words, quotes removed. */
export interface ShellCommand {
  readonly assignments: readonly string[];
  readonly words: readonly string[];
}

const ASSIGNMENT = /^[A-Za-z_]\w*=/;
/** Words that stand before a command. */
const PREFIXES: ReadonlySet<string> = new Set(
  '! { if then elif else while until do time exec command env sudo nice'.split(' '),
);
const END = /[\n;&|()]/;

/**
 * The commands of a shell text, roughly: enough to tell what runs from what is only mentioned. Substitutions stay in
 * their words, redirections count as words.
 */
export function shellCommands(text: string): readonly ShellCommand[] {
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  const end = (): void => {
    while (words[0] !== undefined && PREFIXES.has(words[0])) words.shift();
    const count = words.findIndex((word) => !ASSIGNMENT.test(word));
    const cut = count < 0 ? words.length : count;
    if (words.length > 0) commands.push({ assignments: words.slice(0, cut), words: words.slice(cut) });
    words = [];
  };
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? '';
    if (END.test(char)) {
      end();
      at++;
    } else if (/\s/.test(char)) at++;
    else if (char === '#') at = endOf(text, '\n', at);
    else {
      const { word, next } = readWord(text, at);
      words.push(word);
      at = next;
    }
  }
  end();
  return commands;
}

function readWord(text: string, start: number): { word: string; next: number } {
  let word = '';
  let at = start;
  while (at < text.length) {
    const char = text[at] ?? '';
    if (/\s/.test(char) || END.test(char)) break;
    if (char === '\\') {
      word += text[at + 1] === '\n' ? '' : (text[at + 1] ?? '');
      at += 2;
    } else if (char === "'" || char === '"') {
      const close = closing(text, at);
      word += text.slice(at + 1, close);
      at = close + 1;
    } else if (char === '`' || text.startsWith('$(', at)) {
      const close = char === '`' ? endOf(text, '`', at + 1) : closingParen(text, at + 1);
      word += text.slice(at, close + 1);
      at = close + 1;
    } else {
      word += char;
      at++;
    }
  }
  return { word, next: at };
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found;
}

/** The place of the quote that closes the one at `open`. */
function closing(text: string, open: number): number {
  const quote = text[open] ?? '';
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === quote) return at;
    if (quote === '"' && text[at] === '\\') at++;
  }
  return text.length;
}

function closingParen(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
    else if (text[at] === "'" || text[at] === '"') at = closing(text, at);
  }
  return text.length;
}
