import { digestOf, type Digest } from '../../oci/digest.ts';
import { PolyarchError, hasCode, messageOf } from '../../util/error.ts';
import { didYouMean } from '../../util/nearest.ts';
import type { GitProgram } from './git-program.ts';
import { type GitSource, isCommitId } from './git-source.ts';

/** What a ref stood for when it was asked. */
export interface ResolvedGit {
  /** The object that the ref names: a commit, or an annotated tag. */
  readonly object: string;
  /** The commit behind an annotated tag, when it is known. */
  readonly commit?: string;
  /** The whole ref, `refs/heads/…` or `refs/tags/…`; the commit id itself when that was asked for. */
  readonly ref: string;
}

/**
 * Asks the remote what the source's ref is now; asks nothing for a commit id.
 *
 * @throws PolyarchError GIT_REF_NOT_FOUND, GIT_CHECKSUM_MISMATCH, GIT_FAILED
 */
export async function resolveGit(
  source: GitSource,
  git: GitProgram,
  options: { signal?: AbortSignal } = {},
): Promise<ResolvedGit> {
  const { ref, checksum } = source;
  if (isCommitId(ref)) return checked(source, { object: ref, ref });
  if (source.fetchByCommit) {
    if (checksum === undefined || !isCommitId(checksum)) {
      throw new PolyarchError(
        'GIT_CHECKSUM',
        `fetch-by-commit of ${source.remote} needs a whole commit id as its checksum`,
      );
    }
    return { object: checksum, ref: ref === '' ? checksum : ref.startsWith('refs/') ? ref : `refs/heads/${ref}` };
  }
  const name = ref === '' ? await defaultBranch(source, git, options) : ref;
  const listing = await list(source, git, { args: ['ls-remote', '--', source.remote, name, `${name}^{}`], ...options });
  const found = new Map(
    listing
      .split('\n')
      .flatMap((line) => (line.includes('\t') ? [line.split('\t').toReversed() as [string, string]] : [])),
  ); // [ref, id]
  const tag = `refs/tags/${name.replace(/^refs\/tags\//, '')}`;
  // As git checkout does: the ref as it is, a branch, then a tag.
  for (const candidate of [
    `refs/${name.replace(/^refs\//, '')}`,
    `refs/heads/${name.replace(/^refs\/heads\//, '')}`,
    tag,
  ]) {
    const object = found.get(candidate);
    if (object === undefined) continue;
    const commit = found.get(`${candidate}^{}`);
    return checked(source, { object, ref: candidate, ...(commit === undefined ? {} : { commit }) });
  }
  const all = await list(source, git, { args: ['ls-remote', '--heads', '--tags', '--', source.remote], ...options });
  const names = all.split('\n').flatMap((line) => /\trefs\/(?:heads|tags)\/(.*[^}])$/.exec(line)?.[1] ?? []);
  throw new PolyarchError(
    'GIT_REF_NOT_FOUND',
    `${source.remote} has no branch or tag ${JSON.stringify(name)}${didYouMean(name, names)}`,
    {
      hint:
        names.length === 0
          ? 'the repository is empty'
          : `it has: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`,
    },
  );
}

/** Of everything that the checkout depends on. */
export function gitKey(source: GitSource, resolved: ResolvedGit): Digest {
  const keepsDirectory = source.keepGitDirectory && source.subdirectory === '';
  // A tag and the commit it names give the same files, but not the same .git.
  const object = keepsDirectory ? [resolved.object, resolved.ref, source.remote] : [resolved.commit ?? resolved.object];
  return digestOf(JSON.stringify(['git', ...object, source.subdirectory, source.submodules, source.mtime]));
}

async function defaultBranch(source: GitSource, git: GitProgram, options: { signal?: AbortSignal }): Promise<string> {
  const listing = await list(source, git, { args: ['ls-remote', '--symref', '--', source.remote, 'HEAD'], ...options });
  const branch = /^ref: (\S+)\tHEAD$/m.exec(listing)?.[1];
  if (branch !== undefined) return branch;
  throw new PolyarchError('GIT_REF_NOT_FOUND', `${source.remote} has no default branch`, {
    hint: 'name a branch, tag or commit after a #',
  });
}

async function list(
  source: GitSource,
  git: GitProgram,
  options: { args: readonly string[]; signal?: AbortSignal },
): Promise<string> {
  try {
    return await git.run(options.args, { signal: options.signal });
  } catch (error) {
    if (!hasCode(error, 'GIT_FAILED')) throw error;
    throw new PolyarchError('GIT_UNREACHABLE', `the repository ${source.remote} cannot be read: ${messageOf(error)}`, {
      hint: 'check the address; a private repository needs --secret id=GIT_AUTH_TOKEN or, for ssh, --ssh default',
      cause: error,
    });
  }
}

function checked(source: GitSource, resolved: ResolvedGit): ResolvedGit {
  const { checksum } = source;
  if (checksum === undefined || resolved.object.startsWith(checksum) || resolved.commit?.startsWith(checksum) === true)
    return resolved;
  throw new PolyarchError(
    'GIT_CHECKSUM_MISMATCH',
    `${resolved.ref} of ${source.remote} is ${resolved.commit ?? resolved.object}, not ${checksum}`,
    {
      hint: "the branch or tag moved, or the checksum is another commit's",
    },
  );
}
