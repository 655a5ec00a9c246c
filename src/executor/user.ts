import { PolyarchError } from '../util/error.ts';
import { didYouMean } from '../util/nearest.ts';
import { readInRootfs } from './rootfs-path.ts';

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  /** The home folder of passwd(5), or `/`. */
  readonly home: string;
}

const FILE_LIMIT = 10 * 1024 * 1024;
const MAX_ID = 0xffff_fffe;

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * Resolves USER (`name`, `uid`, `name:group`, `uid:gid`, any mixture) against the root filesystem's /etc/passwd and
 * /etc/group, as Docker does: an unknown number stands for itself with group 0; supplementary groups come only
 * without an explicit group.
 */
export function resolveUser(rootfs: string, user: string | undefined): ResolvedUser {
  const [wanted = '', wantedGroup = ''] = splitUser(user ?? '');
  const accounts = parsePasswd(readInRootfs(rootfs, '/etc/passwd', { limit: FILE_LIMIT }) ?? '');
  const number = parseId(wanted === '' ? '0' : wanted);
  const account =
    accounts.find((one) => one.name === wanted) ?? accounts.find((one) => number !== undefined && one.uid === number);
  const uid = account?.uid ?? number;
  if (uid === undefined) {
    throw new PolyarchError(
      'USER_NOT_FOUND',
      `the user ${wanted} is not in /etc/passwd of the image${near(wanted, accounts)}`,
      {
        hint: `add it in an earlier step, e.g. RUN useradd ${wanted}, or give a numeric id`,
      },
    );
  }
  const home = account?.home === undefined || account.home === '' ? '/' : account.home;
  if (account === undefined && wantedGroup === '') return { uid, gid: 0, groups: [], home };
  const groups = parseGroup(readInRootfs(rootfs, '/etc/group', { limit: FILE_LIMIT }) ?? '');
  if (wantedGroup === '') {
    const supplementary = groups.filter((one) => one.members.includes(account?.name ?? wanted)).map((one) => one.gid);
    return { uid, gid: account?.gid ?? 0, groups: [...new Set(supplementary)], home };
  }
  const gid = groups.find((one) => one.name === wantedGroup)?.gid ?? parseId(wantedGroup);
  if (gid === undefined) {
    throw new PolyarchError(
      'GROUP_NOT_FOUND',
      `the group ${wantedGroup} is not in /etc/group of the image${near(wantedGroup, groups)}`,
      {
        hint: `add it in an earlier step, e.g. RUN groupadd ${wantedGroup}, or give a numeric id`,
      },
    );
  }
  return { uid, gid, groups: [], home };
}

function near(name: string, known: readonly { readonly name: string }[]): string {
  return didYouMean(
    name,
    known.map((one) => one.name),
  );
}

function splitUser(user: string): readonly string[] {
  const colon = user.indexOf(':');
  return colon < 0 ? [user] : [user.slice(0, colon), user.slice(colon + 1)];
}

function parseId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_ID ? id : undefined;
}

/** passwd(5): name:password:uid:gid:comment:home:shell. */
function parsePasswd(text: string): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uidText, gidText, , home = ''] = line.trim().split(':');
    const uid = parseId(uidText);
    const gid = parseId(gidText);
    return name === '' || uid === undefined || gid === undefined ? [] : [{ name, uid, gid, home }];
  });
}

/** group(5): name:password:gid:members. */
function parseGroup(text: string): Group[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , gidText, members = ''] = line.trim().split(':');
    const gid = parseId(gidText);
    return name === '' || gid === undefined ? [] : [{ name, gid, members: members.split(',') }];
  });
}
