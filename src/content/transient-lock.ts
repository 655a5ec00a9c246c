import { closeSync, fstatSync, openSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Lock, tryLock } from '../util/lock.ts';

/** The last holder in this process, by file: POSIX locks do not keep holders of one process apart. */
const queues = new Map<string, Promise<void>>();

/**
 * Runs the body while no other process, and nothing else in this one, holds the lock of this file; afterwards the
 * file is gone again, so that a folder which is handed out holds nothing of ours.
 */
export async function withTransientLock<T>(
  file: string,
  body: () => Promise<T>,
  options: { signal?: AbortSignal } = {},
): Promise<T> {
  const path = resolve(file);
  const before = queues.get(path) ?? Promise.resolve();
  const turn = Promise.withResolvers<void>();
  const queue = before.then(() => turn.promise);
  queues.set(path, queue);
  await before;
  try {
    const release = await acquire(path, options.signal);
    try {
      return await body();
    } finally {
      release();
    }
  } finally {
    turn.resolve();
    if (queues.get(path) === queue) queues.delete(path);
  }
}

async function acquire(path: string, signal: AbortSignal | undefined): Promise<() => void> {
  for (let delay = 2; ; delay = Math.min(delay * 2, 100)) {
    signal?.throwIfAborted();
    const release = tryAcquire(path);
    if (release !== undefined) return release;
    await sleep(delay, undefined, { signal });
  }
}

/**
 * A holder removes the file before it lets go, so a lock may be won on a file that is no longer the one at the path,
 * and SQLite may fail to find the file it has just opened (SQLITE_IOERR_FSTAT). While our own descriptor is open its
 * inode number is not given to another file: the same number before and after means that it was our file all along.
 */
function tryAcquire(path: string): (() => void) | undefined {
  const own = openSync(path, 'a');
  const isOurs = (): boolean => statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(own).ino;
  let lock: Lock | undefined;
  try {
    lock = tryLock(path);
    if (lock !== undefined && isOurs()) {
      const held = lock;
      return () => {
        rmSync(path, { force: true });
        held[Symbol.dispose]();
        closeSync(own);
      };
    }
  } catch (error) {
    const gone = !isOurs();
    lock?.[Symbol.dispose]();
    closeSync(own);
    if (gone) return undefined;
    throw error;
  }
  lock?.[Symbol.dispose]();
  closeSync(own);
  return undefined;
}
