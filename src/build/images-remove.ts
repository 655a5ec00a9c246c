import { markReachable } from '../content/reachable.ts';
import type { StoredImage } from '../content/image-store.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { PolyarchError } from '../util/error.ts';
import type { LayerChain } from '../snapshot/layer.ts';
import type { Engine } from '../worker/engine.ts';
import { shownName } from './images-local.ts';
import { diffIds, neededBlobs } from './store-usage.ts';

export interface Removed {
  /** Familiar names. */
  readonly untagged: readonly string[];
  /** The image's digest, when that was its last name. */
  readonly deleted: Digest | undefined;
}

/** A blob of somebody else's that was asked for so recently may be about to be named (DiskStore renews after a minute). */
const YOUNG = 90_000;

/**
 * Removes a name, or, by id, an image; with its last name goes its content, save what another image or the
 * build cache needs. Fails with IMAGE_NOT_FOUND, and with IMAGE_IN_USE for the id of an image of several names without `force`.
 */
export async function removeImage(engine: Engine, text: string, options: { force: boolean }): Promise<Removed> {
  const { store } = engine;
  const image = store.resolve(text);
  const { digest } = image.descriptor;
  const all = store.list().filter((other) => other.descriptor.digest === digest);
  const byId =
    /^(?:sha256:)?[a-f0-9]{4,64}$/.test(text) &&
    store.resolve(text).descriptor.digest === digest &&
    !isName(engine, text);
  if (byId && all.length > 1 && !options.force) {
    throw new PolyarchError(
      'IMAGE_IN_USE',
      `${text} has several names: ${all.map((one) => shownName(one)).join(', ')}`,
      {
        hint: 'remove them by name, or all with -f',
      },
    );
  }
  const going = byId ? all : [image];
  for (const { name } of going) store.remove(name);
  const untagged = going.filter(({ name }) => !isDigest(name)).map((one) => shownName(one));
  if (going.length < all.length) return { untagged, deleted: undefined };
  await collect(engine, image);
  return { untagged, deleted: digest };
}

function isName(engine: Engine, text: string): boolean {
  return !/^sha256:|^[a-f0-9]{64}$/.test(text) && engine.store.get(text) !== undefined;
}

/** Removes what only the image needed. While other processes use the store, what is young waits for a prune. */
async function collect(engine: Engine, image: StoredImage): Promise<void> {
  const { content, db, exclusive } = engine;
  const chains = db
    .prepare('SELECT outputs FROM results')
    .all()
    .flatMap((row) => (JSON.parse(String(row['outputs'])) as LayerChain[]).flat()); // written by StoredResults
  const layers = diffIds(engine, image);
  const images = engine.store.list();
  const needed = neededBlobs(engine, images);
  for (const { blob } of chains) if (blob !== undefined) needed.add(blob.digest);
  const blobs = [...markReachable(content, [image.descriptor])].filter((digest) => !needed.has(digest));
  for (const digest of blobs) {
    if (exclusive) content.delete(digest);
    else content.deleteUnused(digest, Date.now() - YOUNG);
  }
  if (!exclusive) return;
  const used = new Set([...chains.map(({ id }) => id), ...images.flatMap((other) => diffIds(engine, other))]);
  const unpacked = layers.filter((id) => !used.has(id) && engine.hasLayer(id));
  if (unpacked.length === 0) return;
  const worker = await engine.worker();
  await worker.call('remove', { layers: unpacked, cacheMounts: [] });
}
