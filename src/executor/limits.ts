import { readFileSync } from 'node:fs';
import { PolyarchError } from '../util/error.ts';
import type { ExecSpec } from './executor.ts';
import type { ResolvedUser } from './user.ts';

/** Ids of this user namespace: first and count of each range. */
type Ranges = readonly (readonly [first: number, count: number])[];

export interface MappedIds {
  readonly uids: Ranges;
  readonly gids: Ranges;
  /** True when only one user is mapped. */
  readonly single: boolean;
}

/** What this process's user namespace maps (user_namespaces(7)). */
export function readMappedIds(): MappedIds {
  const uids = readRanges('/proc/self/uid_map');
  const gids = readRanges('/proc/self/gid_map');
  return { uids, gids, single: uids.reduce((sum, [, count]) => sum + count, 0) === 1 };
}

export function isMapped(id: number, ranges: Ranges): boolean {
  return ranges.some(([first, count]) => id >= first && id < first + count);
}

/** Refuses a user whose ids this namespace does not have. */
export function checkIds(user: ResolvedUser, ids: MappedIds): void {
  const lost = isMapped(user.uid, ids.uids)
    ? [user.gid, ...user.groups].find((gid) => !isMapped(gid, ids.gids))
    : user.uid;
  if (lost === undefined) return;
  throw new PolyarchError('ID_NOT_MAPPED', `the id ${lost} of the step's user is beyond your subordinate ids`, {
    hint: 'give your account a longer range in /etc/subuid and /etc/subgid, or use a lower id',
  });
}

/** As `ulimit` and Docker name them, and as /proc/self/limits does. */
const LIMIT_NAMES: Readonly<Record<string, string>> = {
  as: 'Max address space',
  core: 'Max core file size',
  cpu: 'Max cpu time',
  data: 'Max data size',
  fsize: 'Max file size',
  locks: 'Max file locks',
  memlock: 'Max locked memory',
  msgqueue: 'Max msgqueue size',
  nice: 'Max nice priority',
  nofile: 'Max open files',
  nproc: 'Max processes',
  rss: 'Max resident set',
  rtprio: 'Max realtime priority',
  rttime: 'Max realtime timeout',
  sigpending: 'Max pending signals',
  stack: 'Max stack size',
};

/** Refuses a limit above this process's own hard one: only the kernel's first user namespace may raise those. */
export function checkUlimits(ulimits: NonNullable<ExecSpec['ulimits']>): void {
  if (ulimits.length === 0) return;
  const text = readFileSync('/proc/self/limits', 'utf8');
  for (const { name, hard } of ulimits) {
    const label = LIMIT_NAMES[name];
    if (label === undefined) {
      throw new PolyarchError('ULIMIT_UNKNOWN', `there is no limit named ${name}`, {
        hint: `choose of ${Object.keys(LIMIT_NAMES).join(', ')}`,
      });
    }
    const current = new RegExp(`^${label} +\\S+ +(\\S+)`, 'm').exec(text)?.[1];
    if (current === undefined || current === 'unlimited' || (hard >= 0 && hard <= Number(current))) continue;
    throw new PolyarchError(
      'ULIMIT_TOO_HIGH',
      `the limit ${name}=${hard} is above this session's own hard limit ${current}`,
      {
        hint: `ask for at most ${current}, or raise the session's first (ulimit -H, or LimitNOFILE= and its like in systemd)`,
      },
    );
  }
}

function readRanges(file: string): Ranges {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
      return [first, count] as const;
    });
}
