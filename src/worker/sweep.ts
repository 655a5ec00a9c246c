import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { debug } from '../util/debug.ts';
import { messageOf } from '../util/error.ts';
import { tryLock } from '../util/lock.ts';
import type { StorePaths } from './paths.ts';

/**
 * Removes what killed processes left half-made. Where nothing lies, that is three look-ups; else it is done only when
 * no other process has the store open, so that nobody's work is taken for a dead one's.
 */
export function sweepLeftovers(paths: StorePaths): void {
  const folders = [join(paths.content, 'ingest'), paths.temporary, join(paths.snapshots, '.work')];
  const left = folders.flatMap((folder) => namesIn(folder).map((name) => join(folder, name)));
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

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
