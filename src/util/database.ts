import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from './make-folder.ts';
import { systemError } from './system-error.ts';

/**
 * Opens the store's one SQLite database (`state.db`) and runs the schema statements, which must be
 * idempotent (`CREATE TABLE IF NOT EXISTS`). Write-ahead log, so that readers never wait for a writer;
 * a writer waits up to 30 s for another process. Each folder owns its own tables and hands in their schema.
 */
export function openDatabase(file: string, schema: string): DatabaseSync {
  try {
    makeFolder(dirname(file));
    const db = new DatabaseSync(file, { timeout: 30_000 });
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;');
    db.exec(schema);
    return db;
  } catch (error) {
    throw systemError(error, file);
  }
}

/** Runs `body` in one immediate transaction; rolled back when it throws. */
export function transaction<T>(db: DatabaseSync, body: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = body();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk has ended it already.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
