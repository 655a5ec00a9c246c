import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { parseIndex } from '../oci/index.ts';
import { isIndex } from '../oci/media-types.ts';
import { type Platform, requirePlatform } from '../oci/platform.ts';
import { fetchBytes } from './fetch-bytes.ts';
import type { Fetcher } from './storage.ts';

export interface PlatformFilterOptions {
  /** What the root is called in messages. */
  readonly image: string;
  readonly platforms: readonly Platform[];
  readonly signal?: AbortSignal;
}

/**
 * A filter for `copyGraph` that keeps of an index only the best manifest for each platform, and BuildKit's
 * attestations of those. Reads the index; what is no index is kept whole. Fails with NO_MATCHING_PLATFORM.
 */
export async function platformFilter(
  source: Fetcher,
  root: Descriptor,
  options: PlatformFilterOptions,
): Promise<(child: Descriptor, parent: Descriptor) => boolean> {
  if (!isIndex(root.mediaType)) return () => true;
  const signal = { signal: options.signal };
  const { manifests } = parseIndex(await fetchBytes(source, root, signal), root);
  const kept = new Set<Digest>(
    options.platforms.map((platform) => requirePlatform(manifests, platform, { image: options.image }).digest),
  );
  return (child, parent) => parent.digest !== root.digest || kept.has(child.digest) || belongsTo(child, kept);
}

/** BuildKit's attestation storage: an attestation names its image by this annotation. */
function belongsTo(child: Descriptor, kept: ReadonlySet<string>): boolean {
  return kept.has(child.annotations?.['vnd.docker.reference.digest'] ?? '');
}
