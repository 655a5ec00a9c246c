import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Descriptor } from '../oci/descriptor.ts';
import { hexOf, isDigest, parseDigest } from '../oci/digest.ts';
import { familiarReference, formatReference, parseReference } from '../oci/reference.ts';
import { openDatabase } from '../util/database.ts';
import { PolyarchError } from '../util/error.ts';

/** A local image: a name and the index or manifest behind it, of which some platforms may not be local. */
export interface StoredImage {
  /** In full: `docker.io/library/busybox:latest`. An image without a name is called by its digest. */
  readonly name: string;
  readonly descriptor: Descriptor;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** When the name last came to mean another descriptor. */
  readonly updatedAt: number;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS images (
  name TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  descriptor TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS images_by_digest ON images (digest);
`;

const COLUMNS = 'name, descriptor, created_at, updated_at';

/** The names of local images, in the store's database; safe among processes. Their content is in the blob store. */
export class ImageStore implements Disposable {
  readonly #file: string;
  readonly #statements = new Map<string, StatementSync>();
  #db: DatabaseSync | undefined;

  /** The database file; it is opened on first use. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Every image, by name. */
  list(): StoredImage[] {
    return this.#run(`SELECT ${COLUMNS} FROM images ORDER BY name`).all().map(imageOf);
  }

  /** By its name in full or as people write it; no guesses. */
  get(name: string): StoredImage | undefined {
    const row = this.#run(`SELECT ${COLUMNS} FROM images WHERE name = ?`).get(storedName(name));
    return row === undefined ? undefined : imageOf(row);
  }

  /** Makes the name mean the descriptor (`tag`). An image that was put without a name needs that entry no more. */
  put(name: string, descriptor: Descriptor, options: { now?: number } = {}): StoredImage {
    const now = options.now ?? Date.now();
    const full = storedName(name);
    const row = this.#run(`
      INSERT INTO images (name, digest, descriptor, created_at, updated_at) VALUES (:name, :digest, :descriptor, :now, :now)
      ON CONFLICT (name) DO UPDATE SET descriptor = :descriptor, digest = :digest,
        updated_at = CASE WHEN digest = :digest THEN updated_at ELSE :now END
      RETURNING ${COLUMNS}`).get({
      name: full,
      digest: descriptor.digest,
      descriptor: JSON.stringify(descriptor),
      now,
    });
    if (full !== descriptor.digest) this.#run('DELETE FROM images WHERE name = ?').run(descriptor.digest);
    if (row === undefined) throw new Error('INSERT … RETURNING gave no row');
    return imageOf(row);
  }

  /** Keeps an image without a name, unless it has one already. */
  putUnnamed(descriptor: Descriptor, options: { now?: number } = {}): StoredImage {
    const row = this.#run(`SELECT ${COLUMNS} FROM images WHERE digest = ? ORDER BY name`).get(descriptor.digest);
    return row === undefined ? this.put(descriptor.digest, descriptor, options) : imageOf(row);
  }

  /** Forgets the name; the content goes with the next garbage collection. True when it was there. */
  remove(name: string): boolean {
    return Number(this.#run('DELETE FROM images WHERE name = ?').run(storedName(name)).changes) > 0;
  }

  /**
   * What a person means: a name (the tag being `latest` if none is written), a digest, or an id, which is the beginning of the
   * digest's hex, at least 4 long. NAME@DIGEST must be both. Fails with IMAGE_NOT_FOUND, which names the nearest, and AMBIGUOUS_IMAGE.
   */
  resolve(text: string): StoredImage {
    const byName = /^(?:sha256:[a-f0-9]*|[a-f0-9]{64})$/.test(text) ? undefined : this.#named(text);
    if (byName !== undefined) return byName;
    const hex = /^(?:sha256:)?([a-f0-9]{4,64})$/.exec(text)?.[1];
    const found = hex === undefined ? [] : this.#withId(hex);
    const digests = new Set(found.map((image) => image.descriptor.digest));
    if (digests.size > 1) {
      throw new PolyarchError('AMBIGUOUS_IMAGE', `${text} is the beginning of ${digests.size} images' ids`, {
        hint: `write more of it: ${[...digests].slice(0, 5).join(', ')}`,
      });
    }
    if (found[0] !== undefined) return found[0];
    throw this.#notFound(text);
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db?.close();
    this.#db = undefined;
  }

  #named(text: string): StoredImage | undefined {
    const at = text.indexOf('@');
    if (at < 0) return this.get(text);
    const { domain, path, tag } = parseReference(text);
    const digest = parseDigest(text.slice(at + 1));
    const exact = this.get(text);
    if (exact !== undefined) return exact;
    return this.#withId(hexOf(digest)).find((image) => {
      if (image.descriptor.digest !== digest || image.name === digest) return false;
      const name = parseReference(image.name);
      return name.domain === domain && name.path === path && (tag === undefined || name.tag === tag);
    });
  }

  #withId(hex: string): StoredImage[] {
    const from = `sha256:${hex}`;
    return this.#run(`SELECT ${COLUMNS} FROM images WHERE digest >= :from AND digest < :from || 'g' ORDER BY name`)
      .all({ from })
      .map(imageOf);
  }

  #notFound(text: string): PolyarchError {
    const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text;
    const word = (text.split('/').at(-1) ?? text).split(/[:@]/)[0] ?? text;
    const names = this.list().map((image) => image.name);
    const near = names.filter((name) => word !== '' && !isDigest(name) && name.includes(word)).map(familiar);
    return new PolyarchError('IMAGE_NOT_FOUND', `there is no local image ${shown}`, {
      hint:
        near.length > 0
          ? `did you mean ${near.slice(0, 5).join(' or ')}?`
          : names.length === 0
            ? 'there is no local image yet: build one, or polyarch pull one'
            : 'polyarch images lists those that there are; polyarch pull fetches one',
      details: { image: shown },
    });
  }

  #run(sql: string): StatementSync {
    this.#db ??= openDatabase(this.#file, SCHEMA);
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }
}

function storedName(name: string): string {
  return name.startsWith('sha256:') || name.startsWith('sha512:')
    ? parseDigest(name)
    : formatReference(parseReference(name));
}

function familiar(name: string): string {
  return familiarReference(parseReference(name));
}

function imageOf(row: Record<string, unknown>): StoredImage {
  return {
    name: String(row['name']),
    // Written by `put` from a Descriptor.
    descriptor: JSON.parse(String(row['descriptor'])) as Descriptor,
    createdAt: Number(row['created_at']),
    updatedAt: Number(row['updated_at']),
  };
}
