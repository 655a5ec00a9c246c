import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { debug } from '../util/debug.ts';
import { messageOf } from '../util/error.ts';
import { tryLock } from '../util/lock.ts';
import type { StorePaths } from './paths.ts';

/** Folders below the store's and what in them is on its way to its place; the rest of them is what is kept. */
const UNFINISHED: readonly (readonly [folder: string, names: RegExp])[] = [
  ['content/ingest', /^/],
  ['tmp', /^/],
  ['snapshots/.work', /^/],
  ['sources', /\.stat\./],
  ['sources/http', /\.new-/],
  ['sources/git', /\.new$/],
  ['uploads', /\.json\./],
  ['runtime', /\.bpf\./],
  ['emulators', /\.part$/],
  ['accel/packs', /^\.new-/],
  ['accel/downloads', /\.part$/],
  ['accel/requests', /\.part$/],
];

/**
 * Removes what killed processes left half-made. Where nothing lies, that is a few look-ups; else it is done only when
 * no other process has the store open, so that nobody's work is taken for a dead one's. Folders that are links stay.
 */
export function sweepLeftovers(paths: Pick<StorePaths, 'home' | 'locks'>): void {
  const left = UNFINISHED.filter(([folder]) => !isShared(join(paths.home, folder.split('/', 1)[0] ?? ''))).flatMap(
    ([folder, names]) =>
      namesIn(join(paths.home, folder))
        .filter((name) => names.test(name))
        .map((name) => join(paths.home, folder, name)),
  );
  if (left.length === 0) return;
  using alone = tryLock(join(paths.locks, 'store'));
  if (alone === undefined) return;
  for (const path of left) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch (error) {
      // Files of another id: the next worker removes them, which may.
      debug('store', () => `${path} stays for now: ${messageOf(error)}`);
    }
  }
}

/** A link to a folder that other stores may use as well. */
function isShared(folder: string): boolean {
  return lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
