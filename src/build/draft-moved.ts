import type { DraftSource } from '../manifest/draft.ts';
import { isDigest } from '../oci/digest.ts';
import type { Location } from '../manifest/location.ts';
import { hasCode, messageOf } from '../util/error.ts';
import type { ImagePlaces } from './image-places.ts';

/** A draft's source that is not what it was when the draft took it. */
export interface Moved {
  readonly source: string;
  /** `gone`: there is no such image now; `unknown`: it cannot be asked. */
  readonly kind: 'moved' | 'gone' | 'unknown';
  /** For a person. */
  readonly text: string;
}

/** How long a source is waited for, in ms. */
const PATIENCE = 10_000;

/** Asks for every source of a draft by its name again; what was named by a digest cannot move. */
export async function movedSources(
  { name, sources }: { readonly name: string; readonly sources: readonly DraftSource[] },
  places: ImagePlaces,
  options: { readonly signal?: AbortSignal },
): Promise<readonly Moved[]> {
  const patience = AbortSignal.timeout(PATIENCE);
  const signal = options.signal === undefined ? patience : AbortSignal.any([options.signal, patience]);
  const asked = await Promise.all(
    sources.map(async (source): Promise<readonly Moved[]> => {
      const location = places.parse(source.name);
      if (fixed(location)) return [];
      const again = `polyarch manifest create --amend ${name} ${source.name}`;
      try {
        const { source: place, reference } = await places.source(location);
        const { digest } = await place.resolve(reference, { signal });
        if (digest === source.descriptor.digest) return [];
        const text = `${source.name} is at ${digest} now; the draft has ${source.descriptor.digest} (${again} takes the new one)`;
        return [{ source: source.name, kind: 'moved', text }];
      } catch (error) {
        options.signal?.throwIfAborted();
        const gone = hasCode(error, 'NOT_FOUND', 'IMAGE_NOT_FOUND', 'NOT_AN_OCI_LAYOUT', 'CONTENT_MISSING');
        const why = patience.aborted ? `no answer within ${PATIENCE / 1000} s` : messageOf(error);
        const text = gone
          ? `${source.name} is gone; the draft has ${source.descriptor.digest} of it`
          : `${source.name} cannot be asked whether it moved: ${why}`;
        return [{ source: source.name, kind: gone ? 'gone' : 'unknown', text }];
      }
    }),
  );
  return asked.flat();
}

function fixed(location: Location): boolean {
  switch (location.kind) {
    case 'registry':
      return location.reference.digest !== undefined;
    case 'oci-layout':
      return location.digest !== undefined;
    case 'archive':
    case 'local':
      return location.name !== undefined && isDigest(location.name);
  }
}
