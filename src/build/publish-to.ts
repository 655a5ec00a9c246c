import type { CopyProgress } from '../content/copy-graph.ts';
import type { Abortable } from '../content/storage.ts';
import { hasSuccessors } from '../content/successors.ts';
import { collectReferrers } from '../manifest/collect-referrers.ts';
import { isHome } from '../manifest/home.ts';
import { formatLocation, type Location } from '../manifest/location.ts';
import { manifestsBelow } from '../manifest/manifests-below.ts';
import type { ManySources } from '../manifest/many-sources.ts';
import { type Destination, publish, type SetTag, tagsNow, type TagsNow } from '../manifest/publish.ts';
import { pathInRegistry } from '../manifest/mounting.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { parseReference, repositoryName } from '../oci/reference.ts';
import { RegistryFailure } from '../registry/failure.ts';
import { PolyarchError } from '../util/error.ts';
import type { ImagePlaces } from './image-places.ts';

export interface PublishToOptions {
  /** Sent along; may still be on their way. */
  readonly referrers: Promise<readonly Descriptor[]>;
  /** What `tagsAt` found. */
  readonly now?: TagsNow;
  readonly onProgress?: (event: CopyProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Publishes a graph at locations, each store once, its tags in the order given. A blob is mounted where a repository of the target's
 * registry has it: the source's, or one that the store's record names.
 */
export async function publishTo(
  places: ImagePlaces,
  { source, root }: { readonly source: ManySources; readonly root: Descriptor },
  locations: readonly Location[],
  options: PublishToOptions,
): Promise<readonly SetTag[]> {
  // Found by those that wait for them, if any does.
  options.referrers.catch(() => {});
  for (const location of locations) checkDigest(location, root);
  const destinations = await openDestinations(places, locations);
  const home = source.ownerOf(root.digest);
  const blobs = new Map<Digest, Descriptor>();
  const tags = await publish({ source, root }, destinations, {
    origins: async ({ digest }, target) => {
      const owner = source.ownerOf(digest);
      if (owner?.path !== undefined && owner.domain === target.domain) return [owner.path];
      return (await places.origins.of(digest)).flatMap((name) => pathInRegistry(name, target));
    },
    holds: (target) => isHome(target.name, home),
    leaveSame: options.now ?? new Map(),
    referrers: options.referrers,
    onProgress: (event) => {
      const { descriptor, kind } = event;
      if (kind === 'done' && !hasSuccessors(descriptor.mediaType)) blobs.set(descriptor.digest, descriptor);
      options.onProgress?.(event);
    },
    signal: options.signal,
  });
  for (const { target } of destinations)
    if (target.domain !== undefined) await places.origins.note(target.name, [...blobs.values()]);
  return tags;
}

/**
 * Publishes an image as it is. What it names is looked for first (CHILD_MISSING), and its referrers if wanted; not
 * for its own repository, which has all of that.
 */
export async function publishWhole(
  places: ImagePlaces,
  { source, root, name }: { readonly source: ManySources; readonly root: Descriptor; readonly name: string },
  locations: readonly Location[],
  options: Omit<PublishToOptions, 'referrers'> & { readonly referrers: boolean },
): Promise<readonly SetTag[]> {
  const { signal } = options;
  const owner = source.ownerOf(root.digest);
  const atHome = locations.every(
    (location) => location.kind === 'registry' && isHome(repositoryName(location.reference), owner),
  );
  const below = atHome ? [] : await manifestsBelow(root, source, { name, signal });
  const referrers = options.referrers ? collectReferrers(below, source, { signal }) : Promise.resolve([]);
  try {
    return await publishTo(places, { source, root }, locations, { ...options, referrers });
  } catch (error) {
    // It may refuse an index of which a part is gone: which one?
    if (atHome && error instanceof RegistryFailure && (error.status === 400 || error.status === 404))
      await manifestsBelow(root, source, { name, signal });
    throw error;
  }
}

/** What the tags at registries are at, asked for ahead: while the source is read. */
export async function tagsAt(
  places: ImagePlaces,
  locations: readonly Location[],
  options: Abortable = {},
): Promise<TagsNow> {
  const registries = locations.filter(({ kind }) => kind === 'registry');
  return tagsNow(await openDestinations(places, registries), options);
}

async function openDestinations(places: ImagePlaces, locations: readonly Location[]): Promise<readonly Destination[]> {
  const opened = await Promise.all(
    locations.map(async (location) => ({ target: await places.target(location), tag: tagOf(location) })),
  );
  return [...Map.groupBy(opened, ({ target }) => target.name).values()].flatMap((same): Destination[] => {
    const target = same[0]?.target;
    return target === undefined ? [] : [{ target, tags: [...new Set(same.flatMap(({ tag }) => tag ?? []))] }];
  });
}

/** None where only content is wanted: `NAME@DIGEST`. */
function tagOf(location: Location): string | undefined {
  if (location.kind === 'archive') return undefined;
  if (location.kind === 'local') return parseReference(location.name).tag;
  return (location.kind === 'registry' ? location.reference : location).tag;
}

/** A digest in a destination is the result's, or a mistake. */
function checkDigest(location: Location, root: Descriptor): void {
  if (location.kind === 'archive' || location.kind === 'local') return;
  const { digest } = location.kind === 'registry' ? location.reference : location;
  if (digest === undefined || digest === root.digest) return;
  throw new PolyarchError('DIGEST_MISMATCH', `${formatLocation(location)}: the result is ${root.digest}`, {
    hint: 'leave out the digest, or name the one that the result has',
  });
}
