import type { Location } from '../manifest/location.ts';
import { formatLocation } from '../manifest/location.ts';
import type { Wanted } from '../manifest/source-image.ts';
import { type Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest, parseDigest } from '../oci/digest.ts';
import { repositoryName } from '../oci/reference.ts';
import { messageOf, PolyarchError } from '../util/error.ts';
import type { ImagePlaces } from './image-places.ts';

type Source =
  | { readonly kind: 'location'; readonly location: Location }
  /** Of the one repository that all else is in. */
  | { readonly kind: 'digest'; readonly digest: Digest; readonly given: Partial<Descriptor> };

/**
 * Sources as `imagetools create` takes them: a location, a digest, or a descriptor in JSON; the latter two are of the one
 * repository that sources and destinations name. Fails with INVALID_REFERENCE.
 */
export async function parseSources(
  texts: readonly string[],
  { places, destinations }: { readonly places: ImagePlaces; readonly destinations: readonly Location[] },
): Promise<readonly Wanted[]> {
  const sources = texts.map((text) => parseSource(text, places));
  const locations = sources.flatMap((source) => (source.kind === 'location' ? [source.location] : []));
  const stores = new Map([...locations, ...destinations].map((location) => [storeOf(location), location] as const));
  const [only, ...others] = [...stores.values()];
  return Promise.all(
    sources.map(async (source, i): Promise<Wanted> => {
      if (source.kind === 'location') {
        return { name: formatLocation(source.location), ...(await places.source(source.location)) };
      }
      if (only === undefined || others.length > 0 || only.kind === 'local' || only.kind === 'archive') {
        throw new PolyarchError(
          'INVALID_REFERENCE',
          `${texts[i]}: of which repository? ${only === undefined ? 'none is named' : `there are ${[...stores.keys()].join(', ')}`}`,
          { hint: `write REPOSITORY@${source.digest}` },
        );
      }
      const { source: store } = await places.source(only);
      return { name: `${store.name}@${source.digest}`, source: store, reference: source.digest, given: source.given };
    }),
  );
}

function storeOf(location: Location): string {
  if (location.kind === 'registry') return repositoryName(location.reference);
  return location.kind === 'oci-layout' ? `oci-layout://${location.folder}` : formatLocation(location);
}

function parseSource(written: string, places: ImagePlaces): Source {
  const text = written.trim();
  if (isDigest(text) || /^sha(256|512):/.test(text)) return { kind: 'digest', digest: parseDigest(text), given: {} };
  if (!text.startsWith('{')) return { kind: 'location', location: places.parse(text) };
  const given = parseGiven(text);
  return { kind: 'digest', digest: given.digest, given };
}

/** A descriptor that a person wrote or cut out of an index: only its digest must be there. */
function parseGiven(text: string): Partial<Descriptor> & { readonly digest: Digest } {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  const wrong = (why: string) =>
    new PolyarchError('INVALID_REFERENCE', `${shown} is no descriptor: ${why}`, {
      hint: 'a source is a reference, a digest, or a descriptor such as an entry of polyarch imagetools inspect --raw',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(messageOf(error));
  }
  if (typeof value !== 'object' || value === null) throw wrong('it is no object');
  if ('schemaVersion' in value && value.schemaVersion !== 0) throw wrong('it is a whole manifest or index');
  const { digest, mediaType, size, annotations, platform, artifactType } = { ...emptyGiven, ...value };
  if (typeof digest !== 'string' || !isDigest(digest)) throw wrong('it has no digest');
  if (mediaType !== undefined && typeof mediaType !== 'string') throw wrong('its mediaType is no text');
  if (size !== undefined && typeof size !== 'number') throw wrong('its size is no number');
  if (artifactType !== undefined && typeof artifactType !== 'string') throw wrong('its artifactType is no text');
  if (!isRecord(annotations)) throw wrong('its annotations are no texts by name');
  if (platform !== undefined && (typeof platform !== 'object' || platform === null))
    throw wrong('its platform is no object');
  return {
    digest,
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(size === undefined ? {} : { size }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
    // Of what it lacks the config tells; what is in it goes into the index as it is.
    ...(platform === undefined ? {} : { platform: platform as NonNullable<Descriptor['platform']> }),
  };
}

const emptyGiven: Readonly<Record<string, unknown>> = {};

function isRecord(value: unknown): value is Readonly<Record<string, string>> | undefined {
  if (value === undefined) return true;
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
}
