import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { transaction } from '../util/database.ts';
import { PolyarchError } from '../util/error.ts';
import type { Engine } from '../worker/engine.ts';
import { type PrunePlan, type PrunePolicy, planPrune, totalBytes } from './prune-plan.ts';
import { neededBlobs, storeUsage } from './store-usage.ts';

export interface PruneAnswer extends PrunePlan {
  /** Bytes in the store before. */
  readonly before: number;
}

/** What a prune would remove. */
export async function preparePrune(engine: Engine, policy: PrunePolicy): Promise<PruneAnswer> {
  const now = Date.now();
  const usage = await storeUsage(engine);
  const old = (time: number) => policy.unusedSince === undefined || time < policy.unusedSince;
  // Images without a name go; young ones stay, as everything else that is young.
  const dangling = usage.images.filter(({ named, updatedAt }) => !named && old(updatedAt));
  const kept = usage.images.filter((image) => !dangling.includes(image));
  const keptLayers = new Set(kept.flatMap((image) => image.layers));
  const plan = planPrune({ ...usage, images: dangling, imageLayers: keptLayers }, neededBlobs(engine, kept), {
    policy,
    now,
  });
  return { ...plan, before: totalBytes(usage) };
}

/** Carries a plan out. The store must be held by this process alone. */
export async function prune(engine: Engine, plan: PrunePlan): Promise<void> {
  if (!engine.exclusive)
    throw new PolyarchError('STORE_BUSY', 'another polyarch process is using the store', {
      hint: 'wait for it to end',
    });
  const { paths, db, store, content } = engine;
  for (const name of plan.images) store.remove(name);
  // First what names files, then the files: killed in between, the next prune finds them unneeded.
  transaction(db, () => forget(db, plan));
  if (plan.layers.length + plan.mounts.length > 0) {
    const worker = await engine.worker();
    await worker.call('remove', {
      layers: plan.layers.map(({ id }) => id),
      cacheMounts: plan.mounts.map(({ name }) => name),
    });
  }
  for (const { digest } of plan.blobs) content.delete(digest);
  for (const { path } of plan.files) rmSync(path, { recursive: true, force: true });
  // Nobody else is in the store, so nobody holds any lock but this one.
  for (const name of readdirSync(paths.locks)) if (name !== 'store') rmSync(join(paths.locks, name), { force: true });
}

function forget(db: DatabaseSync, plan: PrunePlan): void {
  const statements = [
    'DELETE FROM results WHERE id = ?',
    'DELETE FROM result_keys WHERE id = ?',
    'DELETE FROM result_contents WHERE id = ?',
  ].map((sql) => db.prepare(sql));
  for (const { id } of plan.results) for (const statement of statements) statement.run(id);
  const ofLayers = ['packed_layers', 'layer_elfs'].map((table) => db.prepare(`DELETE FROM ${table} WHERE layer = ?`));
  for (const { id } of plan.layers) for (const statement of ofLayers) statement.run(id);
  if (plan.layers.length > 0) db.exec('DELETE FROM arch_checks');
  const origins = db.prepare('DELETE FROM blob_origins WHERE digest = ?');
  for (const { digest } of plan.blobs) origins.run(digest);
  if (db.prepare('SELECT count(*) AS n FROM results').get()?.['n'] === 0)
    db.exec('DELETE FROM result_keys; DELETE FROM result_contents');
}
