import { joinPath } from './paths.ts';

/** Where a git repository is: `https://host/path.git`, `git://…`, `ssh://…` or `user@host:path`. */
export interface GitUrl {
  readonly scheme: 'http' | 'https' | 'ssh' | 'git';
  /** With its port, if any; without the user. */
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** A branch, tag or commit after `#`; '' without one. */
  readonly ref: string;
  /** After `#ref:`, relative; '' without one. */
  readonly subdirectory: string;
  /** For git: the URL without query and fragment. */
  readonly remote: string;
}

const SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'ssh', 'git']);
const SCP_STYLE = /^(?:[a-zA-Z0-9-_]+)@([a-zA-Z0-9-.]+):([^#?]*)(?:\?([^#]*))?(?:#(.*))?$/;

/** `invalid` for another scheme or a malformed URL, undefined when the text is no URL at all. */
export function parseGitUrl(text: string): GitUrl | 'invalid' | undefined {
  const remote = text.replace(/[?#].*$/s, '');
  const scheme = /^([a-zA-Z0-9]+):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) {
    if (!SCHEMES.has(scheme) || !URL.canParse(text)) return 'invalid';
    const authority = /^[^/]*/.exec(remote.slice(scheme.length + 3))?.[0] ?? '';
    const path = remote.slice(scheme.length + 3 + authority.length);
    const url = new URL(text);
    return {
      scheme: scheme as GitUrl['scheme'], // one of SCHEMES
      host: authority.replace(/^.*@/, ''),
      path: unescape(path),
      query: url.searchParams,
      ...parseFragment(/#(.*)$/s.exec(text)?.[1] ?? ''),
      remote,
    };
  }
  const scp = SCP_STYLE.exec(text);
  if (scp === null) return undefined;
  const [, host = '', path = '', query = '', fragment = ''] = scp;
  return { scheme: 'ssh', host, path, query: new URLSearchParams(query), ...parseFragment(fragment), remote };
}

function parseFragment(fragment: string): { ref: string; subdirectory: string } {
  const colon = fragment.indexOf(':');
  const ref = colon < 0 ? fragment : fragment.slice(0, colon);
  const subdirectory = colon < 0 ? '' : joinPath('/', fragment.slice(colon + 1)).slice(1);
  return { ref: unescape(ref), subdirectory: unescape(subdirectory) };
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
