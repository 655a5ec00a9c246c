import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { debug } from '../util/debug.ts';
import { messageOf } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { DiskStore } from './blob-store.ts';
import { detectMediaType, parseManifestOrIndex } from '../oci/manifest.ts';
import { hasSuccessors, successors } from './successors.ts';

export interface CollectOptions {
  /** What stays, with all that is below: images, and whatever else needs blobs (a cache's results, leases). */
  readonly roots: Iterable<Descriptor | Digest>;
  /** A blob that was written or asked for within this time stays: someone may be about to name it. Default 1 hour. */
  readonly graceMs?: number;
  /** Only tell what would go. */
  readonly dryRun?: boolean;
  /** Milliseconds since the epoch. Default: now. */
  readonly now?: number;
}

export interface Collected {
  /** Blobs that went, or would. */
  readonly removed: readonly { readonly digest: Digest; readonly size: number }[];
  /** Bytes that were freed, unfinished writes of dead processes included. */
  readonly freedBytes: number;
  /** Bytes of what stays because a root needs it. */
  readonly usedBytes: number;
  /** Bytes that no root needs but that are too young to go. */
  readonly youngBytes: number;
}

/** A write that nobody has added to for this long is a dead process's. */
const DEAD_INGEST_MS = 24 * 3600 * 1000;

/**
 * Mark and sweep over the blob store. Nothing that a root reaches goes, whether or not all of it is local; a
 * manifest that cannot be read keeps itself only. Other processes may read and write meanwhile.
 */
export function collectGarbage(store: DiskStore, options: CollectOptions): Collected {
  const now = options.now ?? Date.now();
  const usedBefore = now - (options.graceMs ?? 3600 * 1000);
  const marked = markReachable(store, options.roots);
  const removed: { digest: Digest; size: number }[] = [];
  let usedBytes = 0;
  let youngBytes = 0;
  for (const { digest, size, usedAt } of store.list()) {
    if (marked.has(digest)) usedBytes += size;
    else if (usedAt > usedBefore) youngBytes += size;
    else if (options.dryRun === true || store.deleteUnused(digest, usedBefore)) removed.push({ digest, size });
  }
  const dead = store.removeStaleIngests({
    olderThanMs: DEAD_INGEST_MS,
    now,
    ...(options.dryRun === undefined ? {} : { dryRun: options.dryRun }),
  });
  const freedBytes = removed.reduce((sum, blob) => sum + blob.size, dead);
  return { removed: removed.toSorted((a, b) => (a.digest < b.digest ? -1 : 1)), freedBytes, usedBytes, youngBytes };
}

/** The digests of the roots and of all that they reach through local manifests. */
export function markReachable(store: DiskStore, roots: Iterable<Descriptor | Digest>): Set<Digest> {
  const marked = new Set<Digest>();
  const read = new Set<Digest>();
  const queue: { digest: Digest; mediaType: string | undefined }[] = [];
  for (const root of roots) {
    queue.push(typeof root === 'string' ? { digest: root, mediaType: undefined } : root);
  }
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    marked.add(next.digest);
    if (read.has(next.digest) || (next.mediaType !== undefined && !hasSuccessors(next.mediaType))) continue;
    read.add(next.digest);
    queue.push(...childrenOf(store, next.digest, next.mediaType));
  }
  return marked;
}

function childrenOf(store: DiskStore, digest: Digest, mediaType: string | undefined): readonly Descriptor[] {
  const info = isDigest(digest) ? store.info(digest) : undefined;
  if (info === undefined || info.size > LIMITS.manifestBytes) return [];
  try {
    const content = store.readSync(digest);
    if (mediaType === undefined && content[0] !== 0x7b) return [];
    const type = mediaType ?? detectMediaType(content, { digest });
    const node = parseManifestOrIndex(content, { mediaType: type, digest });
    return successors(node, { foreignLayers: 'include' }).map((child) => child.descriptor);
  } catch (error) {
    // A bare digest may well be a config or a layer; and a damaged manifest must not stop the collection.
    debug('gc', () => `${digest}: ${messageOf(error)}`);
    return [];
  }
}
