import type { DatabaseSync } from 'node:sqlite';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest } from '../oci/digest.ts';

export const KNOWN_TAGS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS known_tags (name TEXT PRIMARY KEY, digest TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;
`;

/** What a registry last said of its tags, for when it cannot be asked. */
export class KnownTags {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** `name` in full, with its tag; `seen` in milliseconds since the epoch. */
  note(name: string, { digest, mediaType, size }: Descriptor, seen: number): void {
    const known = this.get(name);
    // A write for every build that changes nothing is one too many.
    if (known?.descriptor.digest === digest && seen - known.seen < 60_000) return;
    this.#db
      .prepare('INSERT OR REPLACE INTO known_tags (name, digest, media_type, size, seen) VALUES (?, ?, ?, ?, ?)')
      .run(name, digest, mediaType, size, seen);
  }

  get(name: string): { readonly descriptor: Descriptor; readonly seen: number } | undefined {
    const row = this.#db.prepare('SELECT digest, media_type, size, seen FROM known_tags WHERE name = ?').get(name);
    const digest = String(row?.['digest']);
    if (row === undefined || !isDigest(digest)) return undefined;
    const descriptor = { digest, mediaType: String(row['media_type']), size: Number(row['size']) };
    return { descriptor, seen: Number(row['seen']) };
  }
}
