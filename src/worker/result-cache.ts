import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Digest } from '../oci/digest.ts';
import type { Layer, LayerChain } from '../snapshot/layer.ts';
import type { ResultCache } from '../solver/vertex.ts';
import { transaction } from '../util/database.ts';
import { lock } from '../util/lock.ts';
import type { StorePaths } from './paths.ts';
import type { Ref } from './ref.ts';

export const RESULT_SCHEMA = `
  CREATE TABLE IF NOT EXISTS results (id TEXT PRIMARY KEY, outputs TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS result_keys (key TEXT PRIMARY KEY, id TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS result_contents (id TEXT NOT NULL, output INTEGER NOT NULL, selector TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (id, output, selector)) WITHOUT ROWID;
`;

/** True when the layer's files can still be had: unpacked here, or as a blob that an image names. */
export function layerAvailable(paths: StorePaths, layer: Layer): boolean {
  return layer.blob !== undefined || existsSync(join(paths.snapshots, layer.id));
}

/** The build cache: results of steps in the store's database, their files as layers beside it. */
export class StoredResults implements ResultCache<Ref> {
  readonly #db: DatabaseSync;
  readonly #paths: StorePaths;
  readonly #loaded = new Map<Digest, readonly Ref[]>();
  readonly #statements: Readonly<Record<'key' | 'outputs' | 'content', ReturnType<DatabaseSync['prepare']>>>;

  constructor(db: DatabaseSync, paths: StorePaths) {
    this.#db = db;
    this.#paths = paths;
    this.#statements = {
      key: db.prepare('SELECT id FROM result_keys WHERE key = ?'),
      outputs: db.prepare('SELECT outputs FROM results WHERE id = ?'),
      content: db.prepare('SELECT digest FROM result_contents WHERE id = ? AND output = ? AND selector = ?'),
    };
  }

  find(key: Digest): Digest | undefined {
    // The columns hold what save and alias wrote: digests.
    return this.#statements.key.get(key)?.['id'] as Digest | undefined;
  }

  load(id: Digest): readonly Ref[] | undefined {
    const known = this.#loaded.get(id);
    if (known !== undefined) return known;
    const outputs = this.#statements.outputs.get(id)?.['outputs'];
    if (typeof outputs !== 'string') return undefined;
    const chains = JSON.parse(outputs) as LayerChain[]; // written by save
    if (!chains.flat().every((layer) => layerAvailable(this.#paths, layer))) return undefined;
    const refs = chains.map((layers): Ref => ({ kind: 'layers', layers }));
    this.#loaded.set(id, refs);
    return refs;
  }

  save(id: Digest, outputs: readonly Ref[], keys: readonly Digest[]): void {
    const chains = outputs.map((output) => {
      if (output.kind !== 'layers') throw new Error('only layers are stored');
      return output.layers;
    });
    const now = Date.now();
    transaction(this.#db, () => {
      this.#db
        .prepare('INSERT OR REPLACE INTO results (id, outputs, created, used) VALUES (?, ?, ?, ?)')
        .run(id, JSON.stringify(chains), now, now);
      for (const key of keys) this.alias(key, id);
    });
    this.#loaded.set(id, outputs);
  }

  alias(key: Digest, id: Digest): void {
    this.#db.prepare('INSERT OR REPLACE INTO result_keys (key, id) VALUES (?, ?)').run(key, id);
  }

  findContent(id: Digest, output: number, selector: string): Digest | undefined {
    return this.#statements.content.get(id, output, selector)?.['digest'] as Digest | undefined; // written by saveContent
  }

  saveContent(id: Digest, output: number, selector: string, digest: Digest): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO result_contents (id, output, selector, digest) VALUES (?, ?, ?, ?)')
      .run(id, output, selector, digest);
  }

  lock(id: Digest, options: { onWait?: () => void; signal?: AbortSignal }): Promise<Disposable> {
    return lock(join(this.#paths.locks, `step-${id.replace(':', '-')}`), options);
  }

  /** Notes when results were last used, once a build; prune removes the longest unused first. */
  touch(): void {
    if (this.#loaded.size === 0) return;
    const update = this.#db.prepare('UPDATE results SET used = ? WHERE id = ?');
    const now = Date.now();
    transaction(this.#db, () => {
      for (const id of this.#loaded.keys()) update.run(now, id);
    });
  }
}
