import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { PolyarchError, messageOf } from '../util/error.ts';
import { findProgram } from '../util/find-program.ts';

/**
 * What the worker's user namespace maps: every id to itself; the person's own id to 0 and their subordinate
 * ids from 1 up; or the person's own id to 0 and nothing else.
 */
export type Idmap = 'identity' | 'subordinate' | 'single';

/** One line of a uid_map: ids inside the namespace, ids outside, how many (user_namespaces(7)). */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

export interface IdmapPlan {
  readonly idmap: Idmap;
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** newuidmap and newgidmap, for `subordinate`. */
  readonly programs?: { readonly uid: string; readonly gid: string };
  /** Why the map is not a better one, with the mend. */
  readonly reason?: string;
}

/** The files and facts a plan is made of; `readIdmapSources` reads this process's own. */
export interface IdmapSources {
  readonly uid: number;
  readonly gid: number;
  /** The account's name, when it has one. */
  readonly name: string | undefined;
  /** /proc/self/uid_map and /proc/self/gid_map. */
  readonly uidMap: string;
  readonly gidMap: string;
  /** /etc/subuid and /etc/subgid; empty when not there. */
  readonly subuid: string;
  readonly subgid: string;
  readonly newuidmap: string | undefined;
  readonly newgidmap: string | undefined;
}

export function readIdmapSources(options: { path: string | undefined }): IdmapSources {
  const uid = process.geteuid?.() ?? 0;
  const root = uid === 0;
  return {
    uid,
    gid: process.getegid?.() ?? 0,
    name: root ? undefined : accountName(),
    uidMap: root ? readOr('/proc/self/uid_map') : '',
    gidMap: root ? readOr('/proc/self/gid_map') : '',
    subuid: root ? '' : readOr('/etc/subuid'),
    subgid: root ? '' : readOr('/etc/subgid'),
    newuidmap: root ? undefined : findProgram('newuidmap', options.path),
    newgidmap: root ? undefined : findProgram('newgidmap', options.path),
  };
}

/** Chooses the best map the sources allow; `single` forces the least. */
export function planIdmap(sources: IdmapSources, options: { single?: boolean } = {}): IdmapPlan {
  const own = {
    uids: [{ inside: 0, outside: sources.uid, count: 1 }],
    gids: [{ inside: 0, outside: sources.gid, count: 1 }],
  };
  if (options.single === true) return { idmap: 'single', ...own };
  if (sources.uid === 0) {
    const uids = parseMap(sources.uidMap);
    const gids = parseMap(sources.gidMap);
    if (idCount(uids) > 1 && idCount(gids) > 1) return { idmap: 'identity', uids, gids };
    return { idmap: 'single', ...own, reason: 'this container maps one id only' };
  }
  const names = [String(sources.uid), ...(sources.name === undefined ? [] : [sources.name])];
  const subuids = parseSubordinate(sources.subuid, names);
  const subgids = parseSubordinate(sources.subgid, names);
  const account = sources.name ?? String(sources.uid);
  if (subuids.length === 0 || subgids.length === 0) {
    const range = '100000-165535';
    return {
      idmap: 'single',
      ...own,
      reason:
        `${account} has no ids in ${subuids.length === 0 ? '/etc/subuid' : '/etc/subgid'}: ` +
        `sudo usermod --add-subuids ${range} --add-subgids ${range} ${account}`,
    };
  }
  if (sources.newuidmap === undefined || sources.newgidmap === undefined) {
    return {
      idmap: 'single',
      ...own,
      reason: 'newuidmap and newgidmap are not installed: sudo apt-get install uidmap',
    };
  }
  return {
    idmap: 'subordinate',
    uids: stack(own.uids, subuids),
    gids: stack(own.gids, subgids),
    programs: { uid: sources.newuidmap, gid: sources.newgidmap },
  };
}

/**
 * Gives the user namespace of process `pid` its map. Falls back from `subordinate` to a single id when newuidmap
 * refuses; returns the plan that holds.
 */
export async function writeIdmap(pid: number, plan: IdmapPlan): Promise<IdmapPlan> {
  if (plan.idmap !== 'subordinate' || plan.programs === undefined) {
    writeMapFiles(pid, plan);
    return plan;
  }
  const failure = await runMapper(plan.programs.uid, pid, plan.uids);
  if (failure !== undefined) {
    const single: IdmapPlan = {
      idmap: 'single',
      uids: plan.uids.slice(0, 1),
      gids: plan.gids.slice(0, 1),
      reason: `newuidmap refused the ids of /etc/subuid (${failure}): sudo apt-get install --reinstall uidmap`,
    };
    writeMapFiles(pid, single);
    return single;
  }
  const refused = await runMapper(plan.programs.gid, pid, plan.gids);
  if (refused !== undefined) {
    throw new PolyarchError('IDMAP_REFUSED', `newgidmap refused the ids of /etc/subgid: ${refused}`, {
      hint: 'sudo apt-get install --reinstall uidmap, and give the account one range of its own in /etc/subgid',
    });
  }
  return plan;
}

function writeMapFiles(pid: number, plan: IdmapPlan): void {
  try {
    writeFileSync(`/proc/${pid}/uid_map`, mapText(plan.uids));
    // A single gid may only be mapped by a person who gives up setgroups (user_namespaces(7)).
    if (plan.idmap === 'single') writeFileSync(`/proc/${pid}/setgroups`, 'deny');
    writeFileSync(`/proc/${pid}/gid_map`, mapText(plan.gids));
  } catch (error) {
    throw new PolyarchError('IDMAP_REFUSED', `the kernel refused the id map of the worker: ${messageOf(error)}`, {
      hint: 'in a container, start it with --privileged, or with CAP_SETUID, CAP_SETGID, CAP_SETFCAP and CAP_SYS_ADMIN',
      cause: error,
    });
  }
}

/** Runs newuidmap or newgidmap; returns what it complained about, undefined when all went well. */
function runMapper(program: string, pid: number, ranges: readonly IdRange[]): Promise<string | undefined> {
  const args = ranges.flatMap((range) => [range.inside, range.outside, range.count]).map(String);
  return new Promise((resolve) => {
    const child = spawn(program, [String(pid), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (data: Buffer) => {
      if (complaint.length < 4096) complaint += data.toString();
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(code === 0 ? undefined : complaint.trim() || `exit status ${code}`));
  });
}

/** The ranges of the namespace this process is in, each mapped to itself. */
function parseMap(text: string): IdRange[] {
  return numberedLines(text, /\s+/).map(([inside = 0, , count = 0]) => ({ inside, outside: inside, count }));
}

/** The ranges of subuid(5) for any of the names: `account:first:count`. */
function parseSubordinate(text: string, names: readonly string[]): { first: number; count: number }[] {
  const ranges = text
    .split('\n')
    .map((line) => line.trim().split(':'))
    .filter(([name = '']) => names.includes(name))
    .map(([, first, count]) => ({ first: Number(first), count: Number(count) }))
    .filter((range) => Number.isSafeInteger(range.first) && Number.isSafeInteger(range.count) && range.count > 0);
  // An account listed by name and by uid has the same range twice; the kernel refuses overlaps.
  return [...new Map(ranges.map((range) => [range.first, range])).values()];
}

/** Subordinate ranges laid end to end after the own id. The kernel takes 340 lines at most. */
function stack(own: readonly IdRange[], ranges: readonly { first: number; count: number }[]): IdRange[] {
  const stacked = [...own];
  let inside = 1;
  for (const range of ranges.slice(0, 339)) {
    stacked.push({ inside, outside: range.first, count: range.count });
    inside += range.count;
  }
  return stacked;
}

function numberedLines(text: string, separator: RegExp): number[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => line.split(separator).map(Number));
}

function mapText(ranges: readonly IdRange[]): string {
  return ranges.map((range) => `${range.inside} ${range.outside} ${range.count}\n`).join('');
}

function idCount(ranges: readonly IdRange[]): number {
  return ranges.reduce((sum, range) => sum + range.count, 0);
}

function accountName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
