import { basename, dirname } from 'node:path';
import { PolyarchError } from '../../util/error.ts';
import type { CopyOptions } from './contract.ts';
import { EntryCopier } from './copy-entry.ts';
import type { OwnerIds } from './owner.ts';
import type { Pacer } from '../../util/pacer.ts';
import { resolveWithin } from '../../snapshot/rooted-path.ts';
import { findSources, requirePaths, type Source } from './select.ts';
import { setTimesNs } from '../../snapshot/syscalls.ts';
import { makeDirectories, type Target } from './target.ts';
import { statEntry, type ReadableTree } from './tree.ts';
import { tryUnpack } from './unpack.ts';
import { selection, walkTree } from './walk.ts';

/** The mode of folders that a copy makes on the way to its destination. */
const PARENT_MODE = 0o755;

export interface CopyRequest extends Omit<CopyOptions, 'owner'> {
  readonly source: ReadableTree;
  readonly sourcePath: string;
  readonly destPath: string;
  /** Owner of everything made; without it each file keeps its own. */
  readonly owner?: OwnerIds;
  readonly pacer: Pacer;
}

/**
 * Copies files of a tree into a root as BuildKit's FileActionCopy does (solver/llbsolver/file and
 * fsutil/copy): folders are merged, a file goes into an existing folder under its own name, links in the
 * destination's path are followed inside the root, hard links among the copied stay hard links.
 *
 * @throws PolyarchError COPY_SOURCE_NOT_FOUND, COPY_TYPE_CONFLICT, NOT_A_DIRECTORY, SYMLINK_LOOP,
 *   PATTERN_INVALID, MODE_INVALID, CONTEXT_CHANGED
 */
export async function copyInto(target: Target, request: CopyRequest): Promise<void> {
  const dest = cleanDestination(request.destPath);
  if (request.createDestPath !== true) requireParent(target, dest);
  const sources = findSources(request.source, request.sourcePath, {
    wildcard: request.allowWildcard,
    followLinks: request.followSymlink,
  });
  if (sources.length === 0) {
    const message = `${JSON.stringify(request.sourcePath)} matches nothing in ${request.source.title}`;
    if (request.allowEmptyWildcard !== true) throw new PolyarchError('COPY_SOURCE_NOT_FOUND', message);
    target.warn(`${message}: nothing was copied`);
  }
  const copied: string[] = [];
  for (const source of sources) {
    if (
      request.attemptUnpack === true &&
      (await tryUnpack(target, { ...request, sourceFile: source.path, destPath: dest }))
    )
      continue;
    await copyOne(target, { request, source, dest, copied });
  }
  if ((request.includePatterns ?? []).length > 0) requirePaths(request.source, request.requiredPaths ?? [], copied);
}

async function copyOne(
  target: Target,
  job: { request: CopyRequest; source: Source; dest: string; copied: string[] },
): Promise<void> {
  const { request, source, dest, copied } = job;
  const { pacer } = request;
  const timestamp = keptOr(request.timestamp);
  const parents = {
    mode: request.modeStr === undefined ? (request.mode ?? PARENT_MODE) : PARENT_MODE,
    ...(request.owner === undefined ? {} : { owner: request.owner }),
    ...(timestamp === undefined ? {} : { timestamp }),
  };
  const made = makeDirectories(target, resolveWithin(target.root, /\/\.?$/.test(dest) ? dest : dirname(dest)), parents);
  const isDirectory = request.source.lstat(source.path)?.type === 'directory';
  let place = resolveWithin(target.root, dest);
  const existing = statEntry(target.root + place);
  const contents = isDirectory && request.dirCopyContents === true;
  if (existing !== undefined && !contents && (isDirectory || existing.type === 'directory'))
    place = `${place === '/' ? '' : place}/${basename(source.name)}`;
  made.push(...makeDirectories(target, contents && existing === undefined ? place : dirname(place), parents));

  const copier = new EntryCopier(target, request);
  for (const visit of walkTree(request.source, source.path, selection(request))) {
    const to = visit.relative === '' ? place : `${place === '/' ? '' : place}/${visit.relative}`;
    if (visit.kind === 'enter') {
      copier.enter(visit, to);
      copied.push(visit.relative === '' ? source.name : `${source.name === '/' ? '' : source.name}/${visit.relative}`);
    } else copier.leave(visit, to);
    if (pacer.due) await pacer.rest();
  }
  if (timestamp !== undefined) for (const path of made.toReversed()) setTimesNs(target.root + path, timestamp);
}

/** Absolute, without `..` and doubled slashes; a slash or `/.` at the end stays. */
function cleanDestination(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}${parts.length > 0 && /\/\.?$/.test(path) ? '/' : ''}`;
}

function requireParent(target: Target, dest: string): void {
  const parent = dirname(resolveWithin(target.root, dest));
  if (statEntry(target.root + parent) === undefined) {
    throw new PolyarchError(
      'COPY_PARENT_NOT_FOUND',
      `${JSON.stringify(dest)} cannot be made in the image: ${JSON.stringify(parent)} is not there`,
    );
  }
}

/** -1 is BuildKit's mark for keeping the source's time. */
export function keptOr(timestamp: bigint | undefined): bigint | undefined {
  return timestamp === undefined || timestamp < 0n ? undefined : timestamp;
}
