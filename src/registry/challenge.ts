/** One challenge of a WWW-Authenticate header, RFC 9110 section 11.6.1. Scheme and names are lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
// Wider than the RFC's token: some servers leave the quotes out around an address.
const BARE = /[^\s,"]+/y;
const BLANK = /[\s,]*/y;

/**
 * Parses the challenges of one or more WWW-Authenticate header lines, in order. A malformed rest is
 * left out: a server's bad second challenge must not hide its good first one.
 */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const lines = header === undefined ? [] : typeof header === 'string' ? [header] : header;
  return lines.flatMap((line) => parseLine(line));
}

function parseLine(line: string): Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match !== null) at += match[0].length;
    return match;
  };
  for (;;) {
    take(BLANK);
    const word = take(TOKEN)?.[0];
    if (word === undefined) return found;
    const afterWord = at;
    take(/\s*/y);
    const current = found.at(-1);
    if (current !== undefined && line[at] === '=') {
      at += 1;
      take(/\s*/y);
      const value = take(QUOTED)?.[1]?.replace(/\\(.)/g, '$1') ?? take(BARE)?.[0];
      if (value === undefined) return found;
      current.parameters[word.toLowerCase()] = value;
      continue;
    }
    if (at === afterWord && at < line.length && line[at] !== ',') return found;
    found.push({ scheme: word.toLowerCase(), parameters: {} });
    // A token68 (as in `Negotiate abc==`) carries nothing that we use.
    take(TOKEN68);
  }
}
