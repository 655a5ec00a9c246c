import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Digest } from '../oci/digest.ts';
import { openDatabase } from '../util/database.ts';

/** Keeps what is below its digests from the garbage collection, until it is released or runs out. */
export interface Lease extends Disposable {
  readonly id: string;
  add(...digests: readonly Digest[]): void;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS leases (
  id TEXT NOT NULL,
  digest TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (id, digest)
) STRICT, WITHOUT ROWID;
`;

/** Leases in the store's database, safe among processes. A killed holder's lease runs out by itself. */
export class Leases implements Disposable {
  readonly #file: string;
  #db: DatabaseSync | undefined;

  /** The database file; it is opened on first use. */
  constructor(file: string) {
    this.#file = file;
  }

  /** A lease of its own that runs out after `lifetimeMs` (default one day). */
  open(options: { lifetimeMs?: number; now?: number } = {}): Lease {
    const id = randomBytes(8).toString('hex');
    const expires = (options.now ?? Date.now()) + (options.lifetimeMs ?? 24 * 3600 * 1000);
    return {
      id,
      add: (...digests) => {
        const insert = this.#open().prepare('INSERT OR REPLACE INTO leases (id, digest, expires_at) VALUES (?, ?, ?)');
        for (const digest of digests) insert.run(id, digest, expires);
      },
      [Symbol.dispose]: () => {
        this.#db?.prepare('DELETE FROM leases WHERE id = ?').run(id);
      },
    };
  }

  /** The digests under any lease that has not run out; those that have are forgotten. */
  held(options: { now?: number } = {}): Digest[] {
    const db = this.#open();
    db.prepare('DELETE FROM leases WHERE expires_at <= ?').run(options.now ?? Date.now());
    const rows = db.prepare('SELECT DISTINCT digest FROM leases ORDER BY digest').all();
    // Only `add` writes the column.
    return rows.map((row) => String(row['digest']) as Digest);
  }

  [Symbol.dispose](): void {
    this.#db?.close();
    this.#db = undefined;
  }

  #open(): DatabaseSync {
    return (this.#db ??= openDatabase(this.#file, SCHEMA));
  }
}
