import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { familiarReference, formatReference, parseReference } from '../oci/reference.ts';
import { openDatabase, transaction } from '../util/database.ts';
import { PolyarchError } from '../util/error.ts';
import { didYouMean } from '../util/nearest.ts';
import type { Draft } from './draft.ts';

export interface StoredDraft extends Draft {
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS index_drafts (
  name TEXT PRIMARY KEY,
  draft TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** Drafts of indexes, in the store's database; safe among processes. */
export class DraftStore implements Disposable {
  readonly #file: string;
  #db: DatabaseSync | undefined;

  /** The database file; it is opened on first use, and made when something is written. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Every draft, by name. */
  list(): StoredDraft[] {
    if (!existsSync(this.#file)) return [];
    return this.#open().prepare('SELECT * FROM index_drafts ORDER BY name').all().map(draftOf);
  }

  get(name: string): StoredDraft | undefined {
    if (!existsSync(this.#file)) return undefined;
    const row = this.#open().prepare('SELECT * FROM index_drafts WHERE name = ?').get(name);
    return row === undefined ? undefined : draftOf(row);
  }

  /** Fails with DRAFT_NOT_FOUND, which names the nearest. */
  require(name: string): StoredDraft {
    const found = this.get(name);
    if (found !== undefined) return found;
    const shown = (full: string) => familiarReference(parseReference(full));
    const names = this.list().map((draft) => shown(draft.name));
    throw new PolyarchError('DRAFT_NOT_FOUND', `there is no draft ${shown(name)}${didYouMean(shown(name), names)}`, {
      hint:
        names.length === 0
          ? 'polyarch manifest create makes one'
          : 'polyarch manifest ls lists those that there are, polyarch manifest create makes one',
    });
  }

  /** Changes a draft, or makes it, in one transaction: `change` sees what another process wrote before, and may refuse by throwing. */
  update(name: string, change: (before: StoredDraft | undefined) => Draft): void {
    const db = this.#open();
    transaction(db, () => {
      const draft = change(this.get(name));
      db.prepare(`
        INSERT INTO index_drafts (name, draft, created_at, updated_at) VALUES (:name, :draft, :now, :now)
        ON CONFLICT (name) DO UPDATE SET draft = :draft, updated_at = :now`).run({
        name,
        draft: encode(draft),
        now: Date.now(),
      });
    });
  }

  /** True when it was there; with `only`, when it still is that. */
  remove(name: string, { only }: { readonly only?: Draft } = {}): boolean {
    if (!existsSync(this.#file)) return false;
    const db = this.#open();
    const { changes } =
      only === undefined
        ? db.prepare('DELETE FROM index_drafts WHERE name = ?').run(name)
        : db.prepare('DELETE FROM index_drafts WHERE name = ? AND draft = ?').run(name, encode(only));
    return Number(changes) > 0;
  }

  [Symbol.dispose](): void {
    this.#db?.close();
    this.#db = undefined;
  }

  #open(): DatabaseSync {
    return (this.#db ??= openDatabase(this.#file, SCHEMA));
  }
}

/** A draft's name in full. Fails with INVALID_REFERENCE, for a digest too: it would name what is not made yet. */
export function draftName(text: string): string {
  const reference = parseReference(text);
  if (reference.digest === undefined) return formatReference(reference);
  throw new PolyarchError('INVALID_REFERENCE', `${text}: a draft is called NAME[:TAG], without a digest`);
}

function encode({ name, sources, edits, annotations }: Draft): string {
  return JSON.stringify({ name, sources, edits, annotations });
}

function draftOf(row: Record<string, unknown>): StoredDraft {
  // Written by `encode`.
  const draft = JSON.parse(String(row['draft'])) as Draft;
  return { ...draft, createdAt: Number(row['created_at']), updatedAt: Number(row['updated_at']) };
}
