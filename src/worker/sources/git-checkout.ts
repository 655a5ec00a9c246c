import {
  existsSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { digestOf, type Digest } from '../../oci/digest.ts';
import { PolyarchError, hasCode } from '../../util/error.ts';
import { lock } from '../../util/lock.ts';
import { resolveWithin } from '../../snapshot/rooted-path.ts';
import { statEntry } from '../files/tree.ts';
import { type GitEnvironment, GitProgram } from './git-program.ts';
import { gitKey, type ResolvedGit, resolveGit } from './git-resolve.ts';
import type { GitSource } from './git-source.ts';

export interface GitOptions extends GitEnvironment {
  /** Keeps what was fetched, one bare repository for each remote. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/** A source whose commit is known, to be checked out when its files are needed. */
export interface OpenedGit extends ResolvedGit {
  /** Of everything that the checkout depends on. */
  readonly key: Digest;
  /**
   * Writes the files to a folder that is there and empty, owned by this user, modes 0644 and 0755.
   *
   * @throws PolyarchError GIT_FAILED, GIT_REF_NOT_FOUND, GIT_SUBDIRECTORY, NO_SPACE
   */
  checkout(destination: string): Promise<void>;
  /** The time of the commit, in seconds; its commit is fetched for it. */
  committed(): Promise<number>;
}

/**
 * Finds the commit of a git source: asks the remote, unless a commit id was given.
 *
 * @throws PolyarchError PROGRAM_MISSING, GIT_UNREACHABLE, GIT_REF_NOT_FOUND, GIT_CHECKSUM_MISMATCH
 */
export async function openGit(source: GitSource, options: GitOptions): Promise<OpenedGit> {
  const given = { signal: options.signal };
  const id = digestOf(source.remote).slice('sha256:'.length, 'sha256:'.length + 32);
  const knownHostsFile = source.knownHosts === undefined ? undefined : join(options.folder, `${id}.known-hosts`);
  if (knownHostsFile !== undefined && source.knownHosts !== undefined) {
    mkdirSync(options.folder, { recursive: true });
    writeFileSync(knownHostsFile, `${source.knownHosts.trimEnd()}\n`);
  }
  const git = await GitProgram.open(source, {
    ...options,
    ...(knownHostsFile === undefined ? {} : { knownHostsFile }),
  });
  const resolved = await resolveGit(source, git, given);
  const bare = join(options.folder, `${id}.git`);
  const job: Job = { source, resolved, git, bare, given };
  const fetched = async <T>(use: () => Promise<T>): Promise<T> => {
    using _held = await lock(`${bare}.lock`, given);
    await fetchObject(job);
    return await use();
  };
  return {
    ...resolved,
    key: gitKey(source, resolved),
    checkout: (destination) => fetched(() => writeFiles(job, destination)),
    committed: () => fetched(() => committedAt(job)),
  };
}

interface Job {
  readonly source: GitSource;
  readonly resolved: ResolvedGit;
  readonly git: GitProgram;
  readonly bare: string;
  readonly given: { readonly signal?: AbortSignal };
}

async function fetchObject(job: Job): Promise<void> {
  const { source, resolved, git, bare, given } = job;
  const { object } = resolved;
  if (!existsSync(bare)) await initialise(job);
  removeUnfinished(bare);
  if (await has(job)) return;
  const fetch = (args: readonly string[]) =>
    git.run(['fetch', '--quiet', '--force', ...args], { gitDir: bare, ...given });
  const ownRef = `refs/polyarch/${object}`;
  if (resolved.ref !== object && !source.fetchByCommit)
    await fetch(['--depth=1', '--no-tags', '--', source.remote, `+${resolved.ref}:${ownRef}`]);
  if (await has(job)) return;
  // A commit id was given, or the ref moved meanwhile: most servers hand out any commit by its id.
  try {
    await fetch(['--depth=1', '--no-tags', '--', source.remote, `+${object}:${ownRef}`]);
  } catch (error) {
    if (!hasCode(error, 'GIT_FAILED')) throw error;
    const unshallow = existsSync(join(bare, 'shallow')) ? ['--unshallow'] : [];
    await fetch([
      ...unshallow,
      '--no-tags',
      '--',
      source.remote,
      '+refs/heads/*:refs/polyarch/heads/*',
      '+refs/tags/*:refs/polyarch/tags/*',
    ]);
  }
  if (await has(job)) return;
  throw new PolyarchError('GIT_REF_NOT_FOUND', `${source.remote} has no commit ${object}`, {
    hint:
      resolved.ref === object ? 'check the commit id' : `${resolved.ref} moved while it was being fetched: build again`,
  });
}

/** The repository is there with its settings, or not at all. */
async function initialise({ source, resolved, git, bare, given }: Job): Promise<void> {
  const made = `${bare}.new`;
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  const format = resolved.object.length === 64 ? ['--object-format=sha256'] : [];
  await git.run(['init', '--quiet', '--bare', ...format, made], given);
  await git.run(['config', 'uploadpack.allowAnySHA1InWant', 'true'], { gitDir: made, ...given });
  await git.run(['config', 'remote.origin.url', source.remote], { gitDir: made, ...given });
  renameSync(made, bare);
}

/** Removes a killed git's locks, which the next one would not pass, and halves of packs. Nobody else's are here now. */
function removeUnfinished(bare: string): void {
  for (const entry of readdirSync(bare, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && /\.lock$|^tmp_(pack|idx|obj)_/.test(entry.name))
      rmSync(join(entry.parentPath, entry.name), { force: true });
}

async function has(job: Job): Promise<boolean> {
  try {
    await job.git.run(['cat-file', '-e', `${job.resolved.object}^{commit}`], { gitDir: job.bare, ...job.given });
    return true;
  } catch (error) {
    if (hasCode(error, 'GIT_FAILED')) return false;
    throw error;
  }
}

async function writeFiles(job: Job, destination: string): Promise<void> {
  const { source, resolved, git, bare, given } = job;
  if (source.keepGitDirectory && source.subdirectory === '') {
    await cloneTo(job, destination);
  } else {
    const work = source.subdirectory === '' ? destination : mkdtempSync(join(destination, '.checkout-'));
    const index = join(bare, 'polyarch-index');
    rmSync(index, { force: true });
    const paths = { gitDir: bare, workTree: work, cwd: work, index, ...given };
    await git.run(['read-tree', '--reset', '-u', `${resolved.object}^{commit}`], paths);
    if (source.submodules && existsSync(join(work, '.gitmodules'))) {
      await git.run(['submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1'], paths);
      removeLinks(work);
    }
    rmSync(index, { force: true });
    if (source.subdirectory !== '') moveUp(source, work, destination);
  }
  if (source.mtime === 'commit') {
    setAllTimes(destination, await committedAt(job));
  }
}

async function committedAt({ resolved, git, bare, given }: Job): Promise<number> {
  return Number(
    await git.run(['log', '-1', '--format=%ct', `${resolved.object}^{commit}`], { gitDir: bare, ...given }),
  );
}

/** A repository of its own with the one commit, made of the kept one. */
async function cloneTo(job: Job, destination: string): Promise<void> {
  const { source, resolved, git, bare, given } = job;
  const at = { cwd: destination, ...given };
  const refspec = resolved.ref === resolved.object ? resolved.object : `+${resolved.object}:${resolved.ref}`;
  await git.run(
    ['init', '--quiet', ...(resolved.object.length === 64 ? ['--object-format=sha256'] : []), destination],
    at,
  );
  await git.run(['fetch', '--quiet', '-u', '--depth=1', '--no-tags', '--', `file://${bare}`, refspec], {
    ...at,
    ownFolder: true,
  });
  await git.run(['checkout', '--quiet', '--detach', resolved.object], at);
  await git.run(['remote', 'add', 'origin', source.remote], at);
  if (source.submodules && existsSync(join(destination, '.gitmodules'))) {
    await git.run(['submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1'], at);
  }
  rmSync(join(destination, '.git', 'FETCH_HEAD'), { force: true });
}

/** Submodules' `.git` files point into the kept repository, which the build does not see. */
function removeLinks(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const place = join(folder, entry.name);
    if (entry.name === '.git' && entry.isFile()) rmSync(place);
    else if (entry.isDirectory()) removeLinks(place);
  }
}

function moveUp(source: GitSource, work: string, destination: string): void {
  const path = `/${source.subdirectory
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
  const inside = resolveWithin(work, path) === path ? join(work, path) : undefined;
  if (inside === undefined || statEntry(inside)?.type !== 'directory') {
    throw new PolyarchError(
      'GIT_SUBDIRECTORY',
      `${source.remote} has no folder ${JSON.stringify(source.subdirectory)} at that commit`,
    );
  }
  for (const name of readdirSync(inside)) renameSync(join(inside, name), join(destination, name));
  rmSync(work, { recursive: true, force: true });
}

function setAllTimes(folder: string, seconds: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const place = join(folder, entry.name);
    if (entry.isDirectory()) setAllTimes(place, seconds);
    else lutimesSync(place, seconds, seconds);
  }
  lutimesSync(folder, seconds, seconds);
}
