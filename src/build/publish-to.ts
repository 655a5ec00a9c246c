import type { CopyProgress } from '../content/copy-graph.ts';
import { formatLocation, type Location } from '../manifest/location.ts';
import type { ManySources } from '../manifest/many-sources.ts';
import { type Destination, publish, type SetTag } from '../manifest/publish.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseReference } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';
import type { ImagePlaces } from './image-places.ts';

export interface PublishToOptions {
  readonly referrers: readonly Descriptor[];
  readonly onProgress?: (event: CopyProgress) => void;
  readonly signal?: AbortSignal;
}

/** Publishes a graph at locations, each store once, its tags in the order given; what a source in the same registry has is mounted. */
export async function publishTo(
  places: ImagePlaces,
  { source, root }: { readonly source: ManySources; readonly root: Descriptor },
  locations: readonly Location[],
  options: PublishToOptions,
): Promise<readonly SetTag[]> {
  const opened = await Promise.all(
    locations.map(async (location) => ({ target: await places.target(location), tag: tagOf(location, root) })),
  );
  const destinations = [...Map.groupBy(opened, ({ target }) => target.name).values()].flatMap((same): Destination[] => {
    const target = same[0]?.target;
    return target === undefined ? [] : [{ target, tags: [...new Set(same.flatMap(({ tag }) => tag ?? []))] }];
  });
  return publish({ source, root }, destinations, {
    origins: ({ digest }, target) => {
      const owner = source.ownerOf(digest);
      return owner?.path !== undefined && owner.domain === target.domain ? [owner.path] : [];
    },
    leaveSame: true,
    referrers: options.referrers,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    signal: options.signal,
  });
}

/** None where only content is wanted: `NAME@DIGEST`, the digest being the result's. */
function tagOf(location: Location, root: Descriptor): string | undefined {
  if (location.kind === 'archive') return undefined;
  if (location.kind === 'local') return parseReference(location.name).tag;
  const { tag, digest } = location.kind === 'registry' ? location.reference : location;
  if (digest === undefined || digest === root.digest) return tag;
  throw new PolyarchError('DIGEST_MISMATCH', `${formatLocation(location)}: the result is ${root.digest}`, {
    hint: 'leave out the digest, or name the one that the result has',
  });
}
