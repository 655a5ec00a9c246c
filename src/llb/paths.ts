import { cleanPath } from '../util/clean-path.ts';

/** Go's `path.Join`: empty parts do not count, the result is cleaned; '' when nothing is left. */
export function joinPath(...parts: readonly string[]): string {
  const joined = parts.filter((part) => part !== '').join('/');
  return joined === '' ? '' : cleanPath(joined);
}

/** The path made absolute below `parent` and cleaned; with `keepSlash`, a `/` or `/.` at its end stays. */
export function absolutePath(path: string, options: { parent: string; keepSlash?: boolean }): string {
  const cleaned = cleanPath(path);
  const absolute = cleaned.startsWith('/') ? cleaned : joinPath('/', options.parent, cleaned);
  if (options.keepSlash !== true) return absolute;
  if (path.endsWith('/')) return absolute.endsWith('/') ? absolute : `${absolute}/`;
  if (path.endsWith('/.')) return absolute === '/' ? '/.' : `${absolute}/.`;
  return absolute;
}
