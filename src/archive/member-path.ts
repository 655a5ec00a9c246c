import { PolyarchError } from '../util/error.ts';

/** A path with an empty, `.` or `..` part. */
const UNCLEAN = /(?:^|\/)\.{0,2}(?:\/|$)/;

/**
 * A member's name, or a hardlink's target, below the root it is unpacked to: without empty and `.` parts and slashes
 * around it, `''` for the root itself. Fails with ARCHIVE_UNSAFE where `..` climbs out. `archive` is for the message.
 */
export function memberPath(path: string, archive = 'the archive'): string {
  const trimmed = path.endsWith('/') ? path.slice(0, -1) : path;
  if (!UNCLEAN.test(trimmed)) return trimmed;
  const done: string[] = [];
  for (const part of trimmed.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') done.push(part);
    else if (done.pop() === undefined)
      throw new PolyarchError(
        'ARCHIVE_UNSAFE',
        `${archive} has the name ${JSON.stringify(path)}, which leads out of the folder it is unpacked to`,
      );
  }
  return done.join('/');
}
