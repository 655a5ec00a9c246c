import { checkPlatforms } from '../manifest/check-platforms.ts';
import { parseIndex } from '../oci/index.ts';
import { isIndex } from '../oci/media-types.ts';
import { formatPlatform, normalizePlatform, type Platform } from '../oci/platform.ts';
import type { SourceImage } from '../manifest/source-image.ts';
import { type DestinationOptions, destinationsOf } from './destinations.ts';
import type { ImagePlaces } from './image-places.ts';
import { type CreatedIndex, type CreateOptions, publishIndex } from './index-create.ts';
import { mergeSources } from './merge-sources.ts';
import { MISSING_ANNOTATION } from './tiers.ts';

export interface MergeRequest {
  readonly sources: readonly string[];
  /** Where it goes. */
  readonly tags: readonly string[];
  /** Those that must be there, each once; empty: any. */
  readonly platforms: readonly Platform[];
  /** `--annotation` */
  readonly annotations: readonly string[];
  readonly cwd: string;
}

/** Joins results of several builds into one index. Fails with MERGE_SOURCE, MERGE_PLATFORMS and as `publishIndex` does. */
export async function mergeImages(
  places: ImagePlaces,
  request: MergeRequest,
  options: CreateOptions & DestinationOptions,
): Promise<CreatedIndex> {
  const sources = mergeSources(request.sources, request);
  const destinations = await destinationsOf(request.tags, places, options);
  return publishIndex(
    places,
    {
      sources,
      destinations,
      annotations: request.annotations,
      preferIndex: true,
      platforms: [],
      dryRun: false,
      check: (found) => {
        checkPlatforms(found, request.platforms);
        return stillMissing(found, options);
      },
    },
    options,
  );
}

/** Optional platforms that failed where the sources were built, and that no other source has; an only source says so itself. */
function stillMissing(sources: readonly SourceImage[], { notice }: Pick<CreateOptions, 'notice'>): readonly string[] {
  const named = sources.flatMap(({ descriptor, content }) =>
    isIndex(descriptor.mediaType)
      ? (parseIndex(content, descriptor).annotations?.[MISSING_ANNOTATION]?.split(',') ?? [])
      : [],
  );
  const there = new Set(
    sources.flatMap(({ entries }) =>
      entries.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(normalizePlatform(platform))])),
    ),
  );
  const missing = [...new Set(named)].filter((name) => name !== '' && !there.has(name)).toSorted();
  if (missing.length === 0) return [];
  notice(`the result is without ${missing.join(', ')}: optional where it was built, and failed there`);
  return sources.length === 1 ? [] : [`index:${MISSING_ANNOTATION}=${missing.join(',')}`];
}
