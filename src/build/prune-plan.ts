import type { Digest } from '../oci/digest.ts';
import type { CacheFile, CachedResult, StoreUsage } from './store-usage.ts';

export interface PrunePolicy {
  /** All of the build cache, cache mounts and copies too; else only what no local image is made of. */
  readonly all: boolean;
  /** Only what was not used since then (ms since the epoch). */
  readonly unusedSince?: number;
  /** Remove, the longest unused first, only until the store takes no more than so many bytes. */
  readonly maxBytes?: number;
}

/** What a prune removes. */
export interface PrunePlan {
  /** Names of images without a name of their own. */
  readonly images: readonly string[];
  readonly results: readonly CachedResult[];
  readonly layers: readonly { readonly id: string; readonly size: number }[];
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
  readonly mounts: readonly { readonly name: string; readonly size: number }[];
  readonly files: readonly CacheFile[];
  readonly bytes: number;
}

/** Copies, stat caches and packs that nobody used for so long go with any prune that names no other time. */
const OLD_FILE = 7 * 24 * 3600 * 1000;
/** Leftovers of dead processes. */
const TEMPORARY = 3600 * 1000;

/**
 * Decides what goes. Named images stay, with all that they need. Then, while the policy wants it: results of the
 * build cache, the longest unused first, each with the layers and blobs that nothing else needs; copies; cache mounts.
 */
export function planPrune(
  usage: StoreUsage,
  needed: ReadonlySet<Digest>,
  options: { policy: PrunePolicy; now: number },
): PrunePlan {
  const { policy, now } = options;
  const plan = new Plan(usage, needed, { keepImageLayers: !policy.all });
  const old = (used: number) => policy.unusedSince === undefined || used < policy.unusedSince;
  const fits = () => policy.maxBytes !== undefined && plan.left <= policy.maxBytes;
  // What nothing can use any more goes in any case.
  for (const result of usage.results) if (!plan.usable(result)) plan.dropResult(result);
  for (const file of usage.files) if (file.kind === 'temporary' && now - file.used > TEMPORARY) plan.dropFile(file);
  plan.dropUnneeded();
  const wholesale = policy.maxBytes !== undefined || policy.all;
  const unusedSince = policy.unusedSince ?? now - OLD_FILE;
  for (const result of usage.results) {
    if (fits()) break;
    if (old(result.used) && (wholesale || !plan.inImage(result))) plan.dropResult(result);
  }
  for (const file of usage.files.toSorted((a, b) => a.used - b.used)) {
    if (fits()) break;
    if (old(file.used) && file.kind !== 'temporary' && (wholesale || file.used < unusedSince)) plan.dropFile(file);
  }
  for (const mount of usage.mounts.toSorted((a, b) => a.used - b.used)) {
    if (fits()) break;
    if (old(mount.used) && wholesale) plan.dropMount(mount);
  }
  // Last what an image can be unpacked from again.
  for (const id of usage.layers.keys()) {
    if (policy.maxBytes === undefined || fits()) break;
    plan.dropUnpacked(id);
  }
  return plan.done();
}

/** Counts who still needs what while results are dropped. */
class Plan {
  readonly #usage: StoreUsage;
  readonly #needed: ReadonlySet<Digest>;
  readonly #keepImageLayers: boolean;
  readonly #layerUsers = new Map<string, number>();
  readonly #blobUsers = new Map<Digest, number>();
  readonly #results = new Set<CachedResult>();
  readonly #layers = new Set<string>();
  readonly #blobs = new Set<Digest>();
  readonly #mounts = new Set<StoreUsage['mounts'][number]>();
  readonly #files = new Set<CacheFile>();
  /** Bytes that stay. */
  left: number;

  constructor(usage: StoreUsage, needed: ReadonlySet<Digest>, { keepImageLayers }: { keepImageLayers: boolean }) {
    this.#usage = usage;
    this.#needed = needed;
    this.#keepImageLayers = keepImageLayers;
    for (const { layers } of usage.results) {
      for (const { id } of layers) this.#layerUsers.set(id, (this.#layerUsers.get(id) ?? 0) + 1);
      for (const digest of this.#blobsOf(layers)) this.#blobUsers.set(digest, (this.#blobUsers.get(digest) ?? 0) + 1);
    }
    this.left = totalBytes(usage);
  }

  /** Whether the result's files can still be had. */
  usable({ layers }: CachedResult): boolean {
    return layers.every(({ id, blob }) => blob !== undefined || this.#usage.layers.has(id));
  }

  /** Whether a local image is made of the result's newest layer. */
  inImage({ layers }: CachedResult): boolean {
    const top = layers.at(-1);
    if (top === undefined) return false;
    const packed = this.#usage.packed.get(top.id) ?? [];
    return this.#usage.imageLayers.has(top.id) || packed.some(({ descriptor }) => this.#needed.has(descriptor.digest));
  }

  dropResult(result: CachedResult): void {
    if (this.#results.has(result)) return;
    this.#results.add(result);
    for (const { id } of result.layers) {
      const users = (this.#layerUsers.get(id) ?? 0) - 1;
      this.#layerUsers.set(id, users);
      if (users === 0) this.#dropLayer(id);
    }
    for (const digest of this.#blobsOf(result.layers)) {
      const users = (this.#blobUsers.get(digest) ?? 0) - 1;
      this.#blobUsers.set(digest, users);
      if (users === 0) this.#dropBlob(digest);
    }
  }

  /** Layers and blobs that neither an image nor a result needs. */
  dropUnneeded(): void {
    for (const id of this.#usage.layers.keys()) if ((this.#layerUsers.get(id) ?? 0) === 0) this.#dropLayer(id);
    for (const digest of this.#usage.blobs.keys()) if ((this.#blobUsers.get(digest) ?? 0) === 0) this.#dropBlob(digest);
  }

  /** A layer of an image, unless a result needs it. */
  dropUnpacked(id: string): void {
    if ((this.#layerUsers.get(id) ?? 0) === 0) this.#removeLayer(id);
  }

  dropMount(mount: StoreUsage['mounts'][number]): void {
    this.#mounts.add(mount);
    this.left -= mount.size;
  }

  dropFile(file: CacheFile): void {
    this.#files.add(file);
    this.left -= file.size;
  }

  done(): PrunePlan {
    const { images, layers, blobs } = this.#usage;
    const sized = [...this.#layers].map((id) => ({ id, size: layers.get(id) ?? 0 }));
    return {
      images: images.filter(({ named }) => !named).map(({ name }) => name),
      results: [...this.#results],
      layers: sized,
      blobs: [...this.#blobs].map((digest) => ({ digest, size: blobs.get(digest) ?? 0 })),
      mounts: [...this.#mounts],
      files: [...this.#files],
      bytes: totalBytes(this.#usage) - this.left,
    };
  }

  #blobsOf(layers: CachedResult['layers']): readonly Digest[] {
    return layers.flatMap(({ id, blob }) => [
      ...(blob === undefined ? [] : [blob.digest]),
      ...(this.#usage.packed.get(id) ?? []).map(({ descriptor }) => descriptor.digest),
    ]);
  }

  #dropLayer(id: string): void {
    if (!this.#keepImageLayers || !this.#usage.imageLayers.has(id)) this.#removeLayer(id);
  }

  #removeLayer(id: string): void {
    if (this.#layers.has(id)) return;
    this.#layers.add(id);
    this.left -= this.#usage.layers.get(id) ?? 0;
  }

  #dropBlob(digest: Digest): void {
    if (this.#blobs.has(digest) || this.#needed.has(digest)) return;
    this.#blobs.add(digest);
    this.left -= this.#usage.blobs.get(digest) ?? 0;
  }
}

export function totalBytes({ layers, blobs, mounts, files }: Omit<StoreUsage, 'images' | 'results'>): number {
  const sum = (sizes: Iterable<number>) => [...sizes].reduce((total, size) => total + size, 0);
  return (
    sum(layers.values()) +
    sum(blobs.values()) +
    sum(mounts.map(({ size }) => size)) +
    sum(files.map(({ size }) => size))
  );
}
