import { PolyarchError, hasCode } from './error.ts';

/** SQLITE_FULL (sqlite.org/rescode.html). */
const SQLITE_FULL = 13;

/**
 * The NO_SPACE error for what the kernel said of a full disk or quota, or SQLite of its file; undefined for any other
 * error. `when` ends the sentence: `while writing FILE`.
 */
export function diskFull(error: unknown, when: string): PolyarchError | undefined {
  const full = hasCode(error, 'ENOSPC', 'EDQUOT') || sqliteCode(error) === SQLITE_FULL;
  if (!full) return undefined;
  return new PolyarchError('NO_SPACE', `no space left on the disk ${when}`, {
    hint: 'free some space (polyarch prune removes what no image needs) and run it again',
    cause: error,
  });
}

/** SQLite's primary result code; undefined for an error that is not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !hasCode(error, 'ERR_SQLITE_ERROR') || !('errcode' in error)) return undefined;
  return Number(error.errcode) & 0xff;
}
