import { checkPlatforms } from '../manifest/check-platforms.ts';
import type { Platform } from '../oci/platform.ts';
import { type DestinationOptions, destinationsOf } from './destinations.ts';
import type { ImagePlaces } from './image-places.ts';
import { type CreatedIndex, type CreateOptions, publishIndex } from './index-create.ts';
import { mergeSources } from './merge-sources.ts';

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
      check: (found) => checkPlatforms(found, request.platforms),
    },
    options,
  );
}
