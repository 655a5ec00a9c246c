import { PolyarchError } from '../util/error.ts';
import { didYouMean } from '../util/nearest.ts';
import { type GitUrl, parseGitUrl } from './git-url.ts';
import { type GitOptions, git } from './source.ts';
import type { State } from './state.ts';

/** What a person writes for a git repository, as a build context or in ADD. */
export interface GitReference {
  readonly remote: string;
  readonly options: GitOptions;
  /** `github.com/owner/name` without a scheme, which could be a path; accepted only for contexts. */
  readonly looksLocal: boolean;
}

/**
 * Parses `https://host/name.git[?query][#ref[:dir]]`, `git://…`, `ssh://…`, `user@host:path` and
 * `github.com/…`, with the query's ref, tag, branch, subdir, checksum or commit, keep-git-dir, submodules,
 * mtime and fetch-by-commit. Undefined for anything else, http URLs without `.git` among them.
 *
 * @throws PolyarchError GIT_REFERENCE_INVALID for a query that is not one of those
 */
export function parseGitReference(text: string): GitReference | undefined {
  if (text.startsWith('./') || text.startsWith('../')) return undefined;
  const looksLocal = text.startsWith('github.com/');
  const url = parseGitUrl(looksLocal ? `https://${text}` : text);
  if (url === undefined || url === 'invalid') return undefined;
  if (!looksLocal && /^https?$/.test(url.scheme) && !url.path.endsWith('.git')) return undefined;
  return { remote: url.remote, options: optionsOf(url, text), looksLocal };
}

/** The repository's files; options given here win. */
export function gitState(reference: GitReference, options: GitOptions = {}): State {
  return git(reference.remote, { ...reference.options, ...options });
}

const KEYS = 'ref tag branch subdir checksum commit keep-git-dir submodules mtime fetch-by-commit'.split(' ');
const FLAGS = ['keep-git-dir', 'submodules', 'fetch-by-commit'] as const;

function optionsOf(url: GitUrl, text: string): GitOptions {
  const fail = (why: string, key?: string) =>
    new PolyarchError('GIT_REFERENCE_INVALID', `the git reference ${withoutPassword(text)} cannot be used: ${why}`, {
      hint: 'the query takes ref, tag, branch, subdir, checksum, keep-git-dir, submodules, mtime and fetch-by-commit',
      details: { word: key ?? withoutPassword(text) },
    });
  const query = new Map<string, string>();
  for (const [key, value] of url.query) {
    if (query.has(key)) throw fail(`"${key}" is given twice`, key);
    if (value === '' && !FLAGS.some((flag) => flag === key)) throw fail(`"${key}" has no value`, key);
    query.set(key, value);
  }
  const take = (key: string): string | undefined => {
    const value = query.get(key);
    query.delete(key);
    return value;
  };
  const flag = (key: (typeof FLAGS)[number]): boolean | undefined => {
    const value = take(key);
    if (value === undefined) return undefined;
    if (/^(?:|1|t|true)$/i.test(value)) return true;
    if (/^(?:0|f|false)$/i.test(value)) return false;
    throw fail(`"${key}" is "${value}", neither true nor false`, key);
  };
  const full = (prefix: string, name: string | undefined) =>
    name === undefined || name.startsWith(prefix) ? name : prefix + name;
  const refs = [
    take('ref'),
    full('refs/tags/', take('tag')),
    full('refs/heads/', take('branch')),
    url.ref || undefined,
  ];
  const subdirectories = [take('subdir'), url.subdirectory || undefined];
  const [ref, otherRef] = new Set(refs.filter((one) => one !== undefined));
  const [subdirectory, otherDirectory] = new Set(subdirectories.filter((one) => one !== undefined));
  if (otherRef !== undefined) throw fail(`it names both ${ref} and ${otherRef}`);
  if (otherDirectory !== undefined) throw fail(`it names both folders ${subdirectory} and ${otherDirectory}`);
  const commit = take('commit');
  const checksum = take('checksum') ?? commit;
  const keep = flag('keep-git-dir');
  const submodules = flag('submodules');
  const byCommit = flag('fetch-by-commit');
  const mtime = take('mtime');
  if (mtime !== undefined && mtime !== 'checkout' && mtime !== 'commit')
    throw fail(`mtime is "${mtime}"`, `mtime=${mtime}`);
  const [unknown] = query.keys();
  if (unknown !== undefined) throw fail(`it has "${unknown}"${didYouMean(unknown, KEYS)}`, unknown);
  return {
    ...(ref === undefined ? {} : { ref }),
    ...(subdirectory === undefined ? {} : { subdirectory }),
    ...(checksum === undefined ? {} : { checksum }),
    ...(keep === undefined ? {} : { keepGitDirectory: keep }),
    ...(submodules === false ? { skipSubmodules: true } : {}),
    ...(byCommit === true ? { fetchByCommit: true } : {}),
    ...(mtime === undefined ? {} : { mtime }),
  };
}

function withoutPassword(text: string): string {
  return text.replace(/^([a-z0-9]+:\/\/[^/@:]*):[^/@]*@/i, '$1:***@');
}
