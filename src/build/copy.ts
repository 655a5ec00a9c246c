import type { CopyProgress } from '../content/copy-graph.ts';
import { collectReferrers } from '../manifest/collect-referrers.ts';
import { combine } from '../manifest/combine.ts';
import { diagnoseRoot } from '../manifest/diagnose.ts';
import { formatLocation } from '../manifest/location.ts';
import { ManySources } from '../manifest/many-sources.ts';
import { manifestsBelow } from '../manifest/manifests-below.ts';
import { ofImage } from '../manifest/of-image.ts';
import { readRoot } from '../manifest/read-root.ts';
import { readSource } from '../manifest/source-image.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { writeImageArchive } from './copy-archive.ts';
import type { ImagePlaces } from './image-places.ts';
import { publishWhole, tagsAt } from './publish-to.ts';

export interface CopyRequest {
  /** A location: a reference, `oci-layout://`, `oci-archive://`, `docker-archive://` or `local://`. */
  readonly source: string;
  readonly destination: string;
  /** Only these, with their attestations; empty: all, byte for byte. */
  readonly platforms: readonly Platform[];
  /** Signatures and whatever else is attached to any of it go along. */
  readonly referrers: boolean;
}

export interface CopyOptions {
  readonly notice: (text: string) => void;
  readonly onProgress?: (event: CopyProgress) => void;
  readonly signal?: AbortSignal;
}

export interface Copied {
  /** In full. */
  readonly destination: string;
  readonly root: Descriptor;
  /** False when the destination had it under that name already. */
  readonly changed: boolean;
}

/**
 * Copies an image with all that it names, bytes as they are; the destination's name is set last. Fails with NOT_FOUND,
 * NO_MATCHING_PLATFORM, CHILD_MISSING and as its two places do.
 */
export async function copyImage(places: ImagePlaces, request: CopyRequest, options: CopyOptions): Promise<Copied> {
  const { signal, notice } = options;
  const from = places.parse(request.source);
  const to = places.parse(request.destination);
  const many = new ManySources();
  const wanted = { name: formatLocation(from), ...(await places.source(from)) };
  const asking = tagsAt(places, [to], { signal });
  // A source that fails is what is told.
  asking.catch(() => {});
  const root = await rootOf(wanted, many, { platforms: request.platforms, notice, signal });
  const destination = formatLocation(to);
  if (to.kind === 'archive') {
    const below = await manifestsBelow(root, many, { name: wanted.name, signal });
    const referrers = request.referrers ? await collectReferrers(below, many, { signal }) : [];
    const named = from.kind === 'registry' ? formatLocation(from) : from.kind === 'local' ? from.name : undefined;
    await writeImageArchive({ many, root, referrers }, { ...to, source: named }, options);
    return { destination, root, changed: true };
  }
  const image = { source: many, root, name: wanted.name };
  const { referrers } = request;
  const tags = await publishWhole(places, image, [to], { ...options, now: await asking, referrers });
  return { destination, root, changed: tags.length === 0 || tags.some(({ moved }) => moved) };
}

/** The source's root as it is; or, of some platforms, a new index of them. */
async function rootOf(
  wanted: Parameters<typeof readSource>[0],
  many: ManySources,
  options: {
    readonly platforms: readonly Platform[];
    readonly notice: (text: string) => void;
    readonly signal?: AbortSignal;
  },
): Promise<Descriptor> {
  const { platforms, notice, signal } = options;
  if (platforms.length === 0) {
    return ofImage(wanted.name, async () => {
      const root = await readRoot(wanted.source, wanted.reference, { signal });
      many.add(root.descriptor, root.content, wanted.source);
      for (const finding of diagnoseRoot(wanted.name, root)) notice(finding);
      return root.descriptor;
    });
  }
  const image = await readSource(wanted, many, { signal });
  const { descriptor, content } = combine([image], { preferIndex: false, platforms });
  for (const finding of diagnoseRoot(wanted.name, { descriptor, content })) notice(finding);
  if (descriptor.digest === image.descriptor.digest) return descriptor;
  many.add(descriptor, content);
  const kept = platforms.map((platform) => formatPlatform(platform)).join(', ');
  notice(`note: the index is a new one, of ${kept} only: ${descriptor.digest}, not ${image.descriptor.digest}`);
  return descriptor;
}
