import type { CopyProgress } from '../content/copy-graph.ts';
import { diagnoseRoot } from '../manifest/diagnose.ts';
import { ManySources } from '../manifest/many-sources.ts';
import { formatLocation } from '../manifest/location.ts';
import { ofImage } from '../manifest/of-image.ts';
import type { SetTag } from '../manifest/publish.ts';
import { readRoot } from '../manifest/read-root.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type DestinationOptions, destinationsOf } from './destinations.ts';
import type { ImagePlaces } from './image-places.ts';
import { publishWhole, tagsAt } from './publish-to.ts';

export interface PromoteOptions extends DestinationOptions {
  readonly onProgress?: (event: CopyProgress) => void;
}

export interface Promoted {
  readonly root: Descriptor;
  readonly tags: readonly SetTag[];
}

/**
 * Gives an image or index other names, in its own repository or elsewhere, its bytes as they are: all content with its
 * referrers everywhere first, the tags then. A tag that is at the digest already is left alone.
 */
export async function promoteImage(
  places: ImagePlaces,
  { source: from, destinations: names }: { readonly source: string; readonly destinations: readonly string[] },
  options: PromoteOptions,
): Promise<Promoted> {
  const { signal } = options;
  const location = places.parse(from);
  const { source, reference } = await places.source(location);
  const finding = destinationsOf(names, places, options);
  const failed = new AbortController();
  const asking = finding.then((found) =>
    tagsAt(places, found, {
      signal: signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]),
    }),
  );
  // Awaited below, once the source is read.
  asking.catch(() => {});
  let read: Awaited<ReturnType<typeof readRoot>>;
  try {
    read = await readRoot(source, reference, { signal });
  } catch (error) {
    // A source that fails is what is told.
    failed.abort(error);
    await Promise.allSettled([asking]);
    throw error;
  }
  const { descriptor: root, content } = read;
  const many = new ManySources();
  const name = formatLocation(location);
  await ofImage(name, async () => {
    many.add(root, content, source);
    for (const oddity of diagnoseRoot(name, { descriptor: root, content })) options.notice(oddity);
  });
  const [destinations, now] = await Promise.all([finding, asking]);
  const image = { source: many, root, name };
  const tags = await publishWhole(places, image, destinations, { ...options, now, referrers: true });
  return { root, tags };
}
