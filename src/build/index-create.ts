import type { CopyProgress } from '../content/copy-graph.ts';
import { annotationsFor, parseAnnotations } from '../exporter/annotations.ts';
import { collectReferrers } from '../manifest/collect-referrers.ts';
import { type Combined, combine, withAnnotations } from '../manifest/combine.ts';
import { diagnoseRoot } from '../manifest/diagnose.ts';
import { formatLocation, type Location } from '../manifest/location.ts';
import { ManySources } from '../manifest/many-sources.ts';
import { manifestsBelow } from '../manifest/manifests-below.ts';
import type { SetTag } from '../manifest/publish.ts';
import { readSource, type SourceImage } from '../manifest/source-image.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Platform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import type { ImagePlaces } from './image-places.ts';
import { parseSources } from './index-sources.ts';
import { publishTo } from './publish-to.ts';

export interface CreateRequest {
  /** Digests, references, `oci-layout://`, `local://`, or descriptors in JSON. */
  readonly sources: readonly string[];
  /** Where it goes: references or `oci-layout://`. */
  readonly tags: readonly string[];
  /** The first tag's image is the first source. */
  readonly append: boolean;
  /** `--annotation` */
  readonly annotations: readonly string[];
  readonly preferIndex: boolean;
  readonly platforms: readonly Platform[];
  readonly dryRun: boolean;
}

export interface CreateOptions {
  readonly notice: (text: string) => void;
  readonly onProgress?: (event: CopyProgress) => void;
  readonly signal?: AbortSignal;
}

export interface CreatedIndex extends Combined {
  /** What became of the tags; empty for a dry run. */
  readonly tags: readonly SetTag[];
}

/** `imagetools create`: assembles an index from sources and publishes it. Fails with MISSING_ARGUMENT and as `publishIndex` does. */
export async function createIndex(
  places: ImagePlaces,
  request: CreateRequest,
  options: CreateOptions,
): Promise<CreatedIndex> {
  if (request.sources.length === 0) {
    throw new PolyarchError('MISSING_ARGUMENT', 'no sources are given', { hint: 'name images, or -f FILE' });
  }
  if (!request.dryRun && request.tags.length === 0) {
    throw new PolyarchError('MISSING_ARGUMENT', 'there is no name for the result', {
      hint: 'give -t NAME, or --dry-run',
    });
  }
  const { annotations, preferIndex, platforms, dryRun } = request;
  const sources = request.append ? [...request.tags.slice(0, 1), ...request.sources] : request.sources;
  const destinations = request.tags.map((tag) => places.parse(tag));
  return publishIndex(places, { sources, destinations, annotations, preferIndex, platforms, dryRun }, options);
}

export interface IndexRequest {
  readonly sources: readonly string[];
  readonly destinations: readonly Location[];
  readonly annotations: readonly string[];
  readonly preferIndex: boolean;
  readonly platforms: readonly Platform[];
  readonly dryRun: boolean;
  /** Looks at what was found before anything else is done with it; gives more `--annotation`s. */
  readonly check?: (sources: readonly SourceImage[]) => readonly string[];
}

/**
 * Makes one index of sources and publishes it: content first, with its referrers, the tags last. Says what is odd about the
 * result. Fails with CHILD_MISSING, NO_MATCHING_PLATFORM and as reading and publishing do.
 */
export async function publishIndex(
  places: ImagePlaces,
  request: IndexRequest,
  options: CreateOptions,
): Promise<CreatedIndex> {
  const { destinations, preferIndex, platforms, dryRun } = request;
  checkedAnnotations(request.annotations);
  const wanted = await parseSources(request.sources, { places, destinations });
  const many = new ManySources();
  const sources = await Promise.all(wanted.map((one) => readSource(one, many, options)));
  const annotations = checkedAnnotations([...request.annotations, ...(request.check?.(sources) ?? [])]);
  const made = combine(sources, { ...annotations, preferIndex, platforms });
  return publishMade(places, { made, many, sources }, { ...options, destinations, dryRun });
}

/** Publishes an index that was put together of sources, as `publishIndex` does. */
export async function publishMade(
  places: ImagePlaces,
  { made, many, sources }: { made: Combined; many: ManySources; sources: readonly SourceImage[] },
  options: CreateOptions & Pick<IndexRequest, 'destinations' | 'dryRun'>,
): Promise<CreatedIndex> {
  const { destinations, notice, signal } = options;
  many.add(made.descriptor, made.content);
  const [first] = destinations;
  for (const finding of diagnoseRoot(first === undefined ? 'the index' : formatLocation(first), made)) notice(finding);
  const below = await manifestsBelow(made.descriptor, many, { name: nameOf(sources), signal });
  if (options.dryRun) return { ...made, tags: [] };
  const referrers = collectReferrers(below, many, { signal });
  const tags = await publishTo(places, { source: many, root: made.descriptor }, destinations, {
    ...options,
    referrers,
  });
  return { ...made, tags };
}

/** What buildx writes for `--metadata-file`: the descriptor, and the repositories that it went to. */
export function indexMetadata({ descriptor, tags }: CreatedIndex): Uint8Array {
  const names = [...new Set(tags.map(({ target }) => target.name))].toSorted();
  const metadata = { 'containerimage.descriptor': descriptor, 'image.name': names.join(',') };
  return Buffer.from(`${JSON.stringify(metadata, null, 2)}\n`);
}

function nameOf(sources: readonly SourceImage[]): string {
  return sources.map(({ name }) => name).join(', ');
}

/** buildx's: an index and its entries can be annotated, what is in a registry already cannot. */
function checkedAnnotations(texts: readonly string[]) {
  const parsed = parseAnnotations(texts);
  const wrong = parsed.find(({ level }) => level === 'manifest' || level === 'index-descriptor');
  if (wrong !== undefined) {
    throw new PolyarchError(
      'INVALID_ANNOTATION',
      `--annotation ${wrong.level}:${wrong.key}: only index: and manifest-descriptor: can be set here`,
      { hint: `write index:${wrong.key}=…` },
    );
  }
  const index = annotationsFor(parsed, 'index');
  return {
    ...(index === undefined ? {} : { annotations: index }),
    entry: (entry: Descriptor) => withAnnotations(entry, annotationsFor(parsed, 'manifest-descriptor', entry.platform)),
  };
}
