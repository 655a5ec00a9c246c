import { cleanPath } from '../util/clean-path.ts';
import { LIMITS } from '../util/limits.ts';
import { failure } from './failure.ts';
import { trim } from './whitespace.ts';

/**
 * The patterns of a `.dockerignore`: lines that begin with `#` and empty lines are left out, the rest is trimmed and
 * cleaned, and a leading `/` is dropped. @throws PolyarchError DOCKERIGNORE_TOO_LARGE for a file that is too large.
 */
export function parseIgnore(source: Uint8Array | string): readonly string[] {
  if (source.length > LIMITS.ignoreBytes) {
    throw failure(`the ignore file is larger than ${LIMITS.ignoreBytes} bytes`, { code: 'DOCKERIGNORE_TOO_LARGE' });
  }
  const text = typeof source === 'string' ? source.replace(/^\uFEFF/, '') : new TextDecoder().decode(source);
  const patterns: string[] = [];
  for (const line of text.split('\n')) {
    const pattern = line.startsWith('#') ? '' : trim(line);
    if (pattern === '') continue;
    const inverted = pattern.startsWith('!');
    const path = inverted ? trim(pattern.slice(1)) : pattern;
    const clean = path === '' ? '' : cleanPath(path);
    patterns.push((inverted ? '!' : '') + (clean.length > 1 && clean.startsWith('/') ? clean.slice(1) : clean));
  }
  return patterns;
}
