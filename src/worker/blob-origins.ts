import type { DatabaseSync } from 'node:sqlite';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { transaction } from '../util/database.ts';

export const ORIGIN_SCHEMA = `
  CREATE TABLE IF NOT EXISTS blob_origins (digest TEXT NOT NULL, repository TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (digest, repository)) WITHOUT ROWID;
`;

/** Which repositories a blob was seen in; it may be gone there by now. */
export class BlobOrigins {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Names in full, e.g. `docker.io/library/debian`. */
  of(digest: Digest): string[] {
    const rows = this.#db.prepare('SELECT repository FROM blob_origins WHERE digest = ?').all(digest);
    return rows.map((row) => String(row['repository']));
  }

  /** Notes that the repository has these blobs. */
  note(repository: string, blobs: readonly Descriptor[]): void {
    const fresh = blobs.filter(({ digest }) => !this.of(digest).includes(repository));
    if (fresh.length === 0) return;
    transaction(this.#db, () => {
      const insert = this.#db.prepare(
        'INSERT OR IGNORE INTO blob_origins (digest, repository, media_type, size) VALUES (?, ?, ?, ?)',
      );
      for (const { digest, mediaType, size } of fresh) insert.run(digest, repository, mediaType, size);
    });
  }
}
