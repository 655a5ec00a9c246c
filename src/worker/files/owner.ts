import { readFileSync, statSync } from 'node:fs';
import { PolyarchError, hasCode } from '../../util/error.ts';
import { didYouMean } from '../../util/nearest.ts';
import type { Owner, OwnerId } from './contract.ts';
import { resolveInRoot } from '../../snapshot/rooted-path.ts';

export interface OwnerIds {
  readonly uid: number;
  readonly gid: number;
}

/** A passwd or group file larger than this is not read. */
const MAX_BYTES = 10 * 1024 * 1024;

/**
 * The numbers of an owner, names looked up in the root that `rootOf` gives for them. A user alone brings
 * the group of its passwd entry, or the group of the same number when it is given by number.
 *
 * @throws PolyarchError USER_NOT_FOUND, GROUP_NOT_FOUND
 */
export function resolveOwner(owner: Owner, rootOf: (id: OwnerId) => string): OwnerIds {
  let ids: OwnerIds = { uid: 0, gid: 0 };
  if (owner.user?.kind === 'id') ids = { uid: owner.user.id, gid: owner.user.id };
  else if (owner.user !== undefined) ids = findUser(rootOf(owner.user), owner.user.name);
  if (owner.group?.kind === 'id') ids = { ...ids, gid: owner.group.id };
  else if (owner.group !== undefined) ids = { ...ids, gid: findGroup(rootOf(owner.group), owner.group.name) };
  return ids;
}

function findUser(root: string, name: string): OwnerIds {
  const [, uid, gid] = findLine(root, '/etc/passwd', name, 'user', /^(\d+)$/);
  return { uid: Number(uid), gid: Number(gid) };
}

function findGroup(root: string, name: string): number {
  const [, gid] = findLine(root, '/etc/group', name, 'group', /^(\d+)$/);
  return Number(gid);
}

/** The name and the numbers after the password of the first line with that name. */
function findLine(root: string, file: string, name: string, what: 'user' | 'group', number: RegExp): readonly string[] {
  const lines = readAccounts(root, file)
    .split('\n')
    .map((line) => line.trim().split(':'));
  for (const [found = '', , first = '', second = ''] of lines) {
    if (found === name && number.test(first) && (what === 'group' || number.test(second)))
      return [found, first, second];
  }
  const names = lines.map(([found = '']) => found).filter((found) => found !== '' && !found.startsWith('#'));
  const why = names.length === 0 ? `, which is missing or empty` : didYouMean(name, names);
  throw new PolyarchError(
    what === 'user' ? 'USER_NOT_FOUND' : 'GROUP_NOT_FOUND',
    `no ${what} ${JSON.stringify(name)} in the image's ${file}${why}`,
    {
      hint: `give a number instead of a name, or make the ${what} in an earlier step`,
      details: { word: name },
    },
  );
}

function readAccounts(root: string, file: string): string {
  const place = resolveInRoot(root, file);
  try {
    const stat = statSync(place);
    if (!stat.isFile() || stat.size > MAX_BYTES) {
      throw new PolyarchError(
        'USER_FILE_INVALID',
        `the image's ${file} is no regular file or larger than ${MAX_BYTES} bytes`,
      );
    }
    return readFileSync(place, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return '';
    throw error;
  }
}
