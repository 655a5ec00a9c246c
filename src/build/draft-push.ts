import type { CopyProgress } from '../content/copy-graph.ts';
import { draftContent, draftEntries, draftIndex, sourceImages } from '../manifest/draft.ts';
import type { StoredDraft } from '../manifest/draft-store.ts';
import type { Location } from '../manifest/location.ts';
import { hasCode, messageOf, PolyarchError } from '../util/error.ts';
import { movedSources } from './draft-moved.ts';
import type { ImagePlaces } from './image-places.ts';
import { type CreatedIndex, publishMade } from './index-create.ts';

export interface DraftPushOptions {
  /** Default: where the draft's name says. */
  readonly destination?: Location;
  readonly notice: (text: string) => void;
  readonly onProgress?: (event: CopyProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Pushes a draft: what its sources were when it took them, which is said where they moved since. Fails with DRAFT_PLATFORM,
 * with DRAFT_STALE when what a source was is not to be had any more, and as publishing does.
 */
export async function pushDraft(
  places: ImagePlaces,
  draft: StoredDraft,
  options: DraftPushOptions,
): Promise<CreatedIndex> {
  const { notice, signal } = options;
  requirePlatforms(draft);
  const moved = await movedSources(draft, places, { signal });
  for (const { text } of moved) notice(`warning: ${text}`);
  try {
    const from = await Promise.all(
      draft.sources.map(async ({ name, descriptor }) => {
        const { source } = await places.source(places.parse(name), { image: descriptor });
        return source;
      }),
    );
    return await publishMade(
      places,
      { made: draftIndex(draft), many: draftContent(draft, from), sources: sourceImages(draft) },
      { ...options, destinations: [options.destination ?? places.parse(draft.name)], dryRun: false },
    );
  } catch (error) {
    const lost = moved.filter(({ kind }) => kind !== 'unknown');
    const missing = hasCode(error, 'NOT_FOUND', 'IMAGE_NOT_FOUND', 'CONTENT_MISSING', 'NOT_AN_OCI_LAYOUT');
    if (lost.length === 0 || !missing) throw error;
    throw new PolyarchError(
      'DRAFT_STALE',
      `${draft.name} cannot be pushed: ${lost.map(({ source }) => source).join(', ')} moved since, and what the draft took is not to be had any more (${messageOf(error)})`,
      {
        hint: `take it anew: polyarch manifest create --amend ${draft.name} ${lost.map(({ source }) => source).join(' ')}`,
        cause: error,
      },
    );
  }
}

/** As Docker: every image of an index names its system and architecture. */
function requirePlatforms(draft: StoredDraft): void {
  const lacking = draftEntries(draft).filter(
    ({ descriptor: { platform } }) => platform !== undefined && (platform.os === '' || platform.architecture === ''),
  );
  if (lacking.length === 0) return;
  throw new PolyarchError(
    'DRAFT_PLATFORM',
    `${lacking.map(({ name }) => name).join(', ')}: neither the image nor the draft says for which platform`,
    { hint: `polyarch manifest annotate --os linux --arch … ${draft.name} ${lacking[0]?.name}` },
  );
}
