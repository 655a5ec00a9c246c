import { diskFull, sqliteCode } from './disk-full.ts';
import { PolyarchError, hasCode, messageOf } from './error.ts';

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const SQLITE = { BUSY: 5, READONLY: 8, IOERR: 10, CORRUPT: 11, CANTOPEN: 14, NOTADB: 26 } as const;

/**
 * What the kernel or SQLite says of a disk that is full or cannot be used, as a coded error: NO_SPACE, STORE_UNUSABLE,
 * STORE_DAMAGED or STORE_BUSY. Anything else is given back as it is. `place` is named when the error names none.
 */
export function systemError(error: unknown, place: string): unknown {
  if (error instanceof PolyarchError || !(error instanceof Error)) return error;
  // The clean-up failed too (`using`): what went wrong first says more.
  if (error.name === 'SuppressedError' && 'suppressed' in error) return systemError(error.suppressed, place);
  const sqlite = sqliteCode(error);
  const where = 'path' in error && typeof error.path === 'string' ? error.path : place;
  const full = diskFull(error, `for ${where}`);
  if (full !== undefined) return full;
  if (sqlite === SQLITE.CORRUPT || sqlite === SQLITE.NOTADB) {
    return new PolyarchError('STORE_DAMAGED', `the store's database is damaged: ${where} (${messageOf(error)})`, {
      hint: `move ${where} away: tags and the build cache are made anew; images can be pulled or loaded again`,
      cause: error,
    });
  }
  if (sqlite === SQLITE.BUSY) {
    return new PolyarchError('STORE_BUSY', `another process keeps the store's database locked: ${where}`, {
      cause: error,
    });
  }
  const unusable: readonly (number | undefined)[] = [SQLITE.READONLY, SQLITE.IOERR, SQLITE.CANTOPEN];
  if (hasCode(error, 'EROFS', 'EACCES', 'ENOTDIR', 'EIO', 'ELOOP') || unusable.includes(sqlite)) {
    return new PolyarchError('STORE_UNUSABLE', `${where} cannot be used: ${messageOf(error)}`, {
      hint: 'mend its permissions, or use another store (POLYARCH_HOME)',
      cause: error,
    });
  }
  return error;
}
