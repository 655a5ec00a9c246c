import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../scripts/process.ts';

const BYTES = 12 * 2 ** 30;

/** A folder that a contender has for itself. */
export interface Disk extends AsyncDisposable {
  readonly folder: string;
  /** Whether it is a file system of its own. */
  readonly own: boolean;
}

/**
 * An ext4 of its own, in a sparse file. On a shared one what a contender removes makes the next one slow: for minutes
 * ext4 passes over inodes that were just freed one by one, and 20,000 new files take 2.3 s instead of 0.7 s. A plain
 * folder where loop mounts are not allowed. To be called in a mount namespace of the bench's own.
 */
export async function openDisk(): Promise<Disk> {
  const place = mkdtempSync(join(tmpdir(), 'polyarch-bench-'));
  const folder = join(place, 'disk');
  const image = join(place, 'image');
  mkdirSync(folder);
  writeFileSync(image, '');
  truncateSync(image, BYTES);
  const made = await run(['mkfs.ext4', '-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image], {
    allowFailure: true,
  });
  const mounted =
    made.code === 0 && (await run(['mount', '-o', 'loop', image, folder], { allowFailure: true })).code === 0;
  return {
    folder,
    own: mounted,
    [Symbol.asyncDispose]: async () => {
      if (mounted) await run(['umount', '--lazy', folder], {});
      rmSync(place, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
