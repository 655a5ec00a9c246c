import { classHas, parseGlob } from './glob.ts';
import type { GlobToken } from './glob.ts';

/**
 * Whether `name` as a whole matches a shell pattern, as Go's `filepath.Match` on Unix: `*` and `?` do not match `/`.
 * For many names use `compilePattern`. @throws PolyarchError DOCKERFILE_PATTERN.
 */
export function matchPattern(pattern: string, name: string): boolean {
  return compilePattern(pattern)(name);
}

/** True when `pattern` holds a wildcard, so that it may stand for several names. */
export function hasWildcard(pattern: string): boolean {
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '\\') at++;
    else if (char === '*' || char === '?' || char === '[') return true;
  }
  return false;
}

/** The test of `matchPattern`, ready for many names. @throws PolyarchError DOCKERFILE_PATTERN. */
export function compilePattern(pattern: string): (name: string) => boolean {
  if (!/[*?[\\]/.test(pattern)) return (name) => name === pattern;
  const chunks = toChunks(parseGlob(pattern));
  return (name) => matchChunks(chunks, [...name]);
}

/** Tokens without a star among them, possibly with one in front. */
interface Chunk {
  readonly star: boolean;
  readonly tokens: readonly GlobToken[];
}

function toChunks(tokens: readonly GlobToken[]): readonly Chunk[] {
  const chunks: { star: boolean; tokens: GlobToken[] }[] = [];
  let star = false;
  for (const token of tokens) {
    const last = chunks.at(-1);
    if (token.kind === 'star') star = true;
    else if (star || last === undefined) {
      chunks.push({ star, tokens: [token] });
      star = false;
    } else last.tokens.push(token);
  }
  if (star) chunks.push({ star, tokens: [] });
  return chunks;
}

/** Each chunk takes its leftmost place, the last one the place that ends the name; no way is tried twice. */
function matchChunks(chunks: readonly Chunk[], name: readonly string[]): boolean {
  let at = 0;
  for (const [index, { star, tokens }] of chunks.entries()) {
    const last = index === chunks.length - 1;
    if (star && tokens.length === 0) return !name.includes('/', at);
    let found = false;
    for (let start = at; ; start++) {
      const end = start + tokens.length;
      if (end > name.length) break;
      if ((!last || end === name.length) && matchesAt(tokens, { name, start })) {
        at = end;
        found = true;
        break;
      }
      if (!star || name[start] === '/') break;
    }
    if (!found) return false;
  }
  return at === name.length;
}

function matchesAt(tokens: readonly GlobToken[], { name, start }: { name: readonly string[]; start: number }): boolean {
  return tokens.every((token, index) => {
    const char = name[start + index] ?? '';
    if (token.kind === 'char') return token.char === char;
    if (token.kind === 'class') return classHas(token, char.codePointAt(0) ?? 0);
    return char !== '/';
  });
}
