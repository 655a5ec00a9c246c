import { chmodSync, lchownSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fsPath } from '../../archive/text.ts';
import { PolyarchError, hasCode } from '../../util/error.ts';
import type { OwnerIds } from './owner.ts';
import { setTimesNs } from '../../snapshot/syscalls.ts';
import { statEntry } from './tree.ts';

/** The root that actions change, and where they say what could not be kept. */
export interface Target {
  /** Its place on this machine. */
  readonly root: string;
  readonly warn: (message: string) => void;
}

/**
 * Makes a folder and its missing parents; `path` is resolved (it leads over no link). Returns what was made,
 * outermost first.
 *
 * @throws PolyarchError NOT_A_DIRECTORY when something else is in the way
 */
export function makeDirectories(
  target: Target,
  path: string,
  options: { mode: number; owner?: OwnerIds; timestamp?: bigint },
): string[] {
  const made: string[] = [];
  let at = '';
  for (const name of path.split('/').filter((part) => part !== '')) {
    at = `${at}/${name}`;
    const place = join(target.root, at);
    const entry = statEntry(place);
    if (entry?.type === 'directory') continue;
    if (entry !== undefined) {
      throw new PolyarchError(
        'NOT_A_DIRECTORY',
        `${JSON.stringify(path)} cannot be made a folder in the image: ${JSON.stringify(at)} is a ${entry.type}`,
        { details: { word: asWritten(path) } },
      );
    }
    mkdirSync(fsPath(place));
    if (options.owner !== undefined) changeOwner(target, at, options.owner);
    chmodSync(fsPath(place), options.mode & 0o777);
    if (options.timestamp !== undefined) setTimesNs(place, options.timestamp);
    made.push(at);
  }
  return made;
}

/** How a Dockerfile may write a path of the image. */
export function asWritten(path: string): readonly string[] {
  return [`${path}/`, path, path.slice(1), basename(path)];
}

/**
 * Gives a path of the root to an owner. Where the build has only its own id (no subordinate ids), the file
 * keeps it, and a warning says so.
 */
export function changeOwner(target: Target, path: string, owner: OwnerIds): void {
  try {
    lchownSync(fsPath(join(target.root, path)), owner.uid, owner.gid);
  } catch (error) {
    if (!hasCode(error, 'EINVAL', 'EPERM')) throw error;
    target.warn(
      `files of owner ${owner.uid}:${owner.gid} are kept as root's: this account has no subordinate id for it (see /etc/subuid and /etc/subgid)`,
    );
  }
}
