import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { debug } from '../util/debug.ts';
import { messageOf } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { DiskStore } from './blob-store.ts';
import { detectMediaType, parseManifestOrIndex } from '../oci/manifest.ts';
import { hasSuccessors, successors } from './successors.ts';

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
    // A bare digest may well be a config or a layer; and a damaged manifest must not stop the marking.
    debug('content', () => `${digest}: ${messageOf(error)}`);
    return [];
  }
}
