import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from './error.ts';
import { makeFolder } from './make-folder.ts';

/**
 * A lock between processes that the kernel lets go when its holder dies, however it dies: an open
 * transaction on a small SQLite file of its own (POSIX record locks below it). Not re-entrant, and not
 * for two holders in one process: those share an in-memory promise instead.
 */
export interface Lock extends Disposable {
  readonly file: string;
}

/** Takes the lock if it is free, without waiting. `shared` holders keep out only an exclusive one. */
export function tryLock(file: string, mode: 'shared' | 'exclusive' = 'exclusive'): Lock | undefined {
  makeFolder(dirname(file));
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    if (mode === 'exclusive') db.exec('BEGIN EXCLUSIVE');
    else db.exec('BEGIN; SELECT count(*) FROM sqlite_schema;');
  } catch (error) {
    db.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  return { file, [Symbol.dispose]: () => db.close() };
}

/** Waits for the lock, asking again every 5 to 100 ms; `onWait` is called once, before the first wait. */
export async function lock(
  file: string,
  options: { mode?: 'shared' | 'exclusive'; onWait?: () => void; signal?: AbortSignal } = {},
): Promise<Lock> {
  for (let delay = 5, first = true; ; delay = Math.min(delay * 2, 100), first = false) {
    options.signal?.throwIfAborted();
    const held = tryLock(file, options.mode);
    if (held !== undefined) return held;
    if (first) options.onWait?.();
    await sleep(delay, undefined, { signal: options.signal });
  }
}

function isBusy(error: unknown): boolean {
  return hasCode(error, 'ERR_SQLITE_ERROR') && error instanceof Error && /locked|busy/i.test(error.message);
}
