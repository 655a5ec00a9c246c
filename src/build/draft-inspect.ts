import { type Draft, draftEntries, draftIndex } from '../manifest/draft.ts';
import { draftName } from '../manifest/draft-store.ts';
import { diagnoseEntries } from '../manifest/diagnose.ts';
import { formatLocation } from '../manifest/location.ts';
import { ManySources } from '../manifest/many-sources.ts';
import { manifestsBelow } from '../manifest/manifests-below.ts';
import { readSource } from '../manifest/source-image.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isIndex, MEDIA_TYPE } from '../oci/media-types.ts';
import { inspectImage } from './index-inspect.ts';
import type { ImagePlaces } from './image-places.ts';
import { type Drafting, entryOf } from './draft-create.ts';
import { movedSources } from './draft-moved.ts';

/** One manifest, in the shape of Docker's `manifest inspect -v`. */
export interface VerboseManifest {
  readonly Ref: string;
  readonly Descriptor: Descriptor;
  /** Its bytes, base64. */
  readonly Raw?: string;
  readonly SchemaV2Manifest?: unknown;
  readonly OCIManifest?: unknown;
}

export interface InspectedManifest {
  readonly kind: 'index' | 'manifest';
  /** The manifest or index itself. */
  readonly content: Uint8Array;
  /** What is odd about it, a line each. */
  readonly findings: readonly string[];
  /** An index's images; of a manifest, itself. */
  verbose(): Promise<readonly VerboseManifest[]>;
}

interface Options {
  readonly signal?: AbortSignal;
}

/** One image of a draft. Fails with DRAFT_NOT_FOUND and DRAFT_ENTRY. */
export function inspectEntry({ places, drafts }: Drafting, index: string, image: string): InspectedManifest {
  const entry = entryOf(drafts.require(draftName(index)), image, places);
  const kind = isIndex(entry.descriptor.mediaType) ? 'index' : 'manifest';
  const verbose = async () => [verboseManifest(entry.name, entry.descriptor, entry.content)];
  return { kind, content: entry.content ?? new Uint8Array(), findings: [], verbose };
}

/** A draft of that name, else what is at the place that it names. Fails as `inspectImage` does. */
export async function inspectManifest(
  { places, drafts }: Drafting,
  text: string,
  options: Options,
): Promise<InspectedManifest> {
  const location = places.parse(text);
  const draft =
    location.kind === 'registry' && location.reference.digest === undefined
      ? drafts.get(formatLocation(location))
      : undefined;
  return draft === undefined ? inspectPlace(places, text, options) : inspectDraft(places, draft, options);
}

async function inspectDraft(places: ImagePlaces, draft: Draft, options: Options): Promise<InspectedManifest> {
  const { content, descriptor } = draftIndex(draft);
  const entries = draftEntries(draft);
  const moved = await movedSources(draft, places, options);
  return {
    kind: isIndex(descriptor.mediaType) ? 'index' : 'manifest',
    content,
    findings: [
      `note: ${draft.name} is a draft; polyarch manifest push publishes it`,
      ...moved.map(({ text }) => `warning: ${text}`),
      ...diagnoseEntries(
        draft.name,
        entries.map((entry) => entry.descriptor),
      ),
    ],
    verbose: async () => entries.map((entry) => verboseManifest(entry.name, entry.descriptor, entry.content)),
  };
}

async function inspectPlace(places: ImagePlaces, text: string, options: Options): Promise<InspectedManifest> {
  const image = await inspectImage(places, text, options);
  const { descriptor, content, entries } = image.root;
  return {
    kind: entries === undefined ? 'manifest' : 'index',
    content,
    findings: await image.diagnose(),
    verbose: async () => {
      const many = new ManySources();
      const { source } = await places.source(places.parse(text));
      const read = await readSource({ name: image.name, source, reference: descriptor.digest }, many, options);
      if (entries === undefined) return [verboseManifest(image.name, read.descriptor, content)];
      const below = await manifestsBelow(descriptor, many, { name: image.name, ...options });
      const known = new Set(below.map(({ digest }) => digest));
      return Promise.all(
        entries.map(async (entry) =>
          verboseManifest(
            `${image.name}@${entry.digest}`,
            entry,
            known.has(entry.digest) ? await many.bytes(entry, options) : undefined,
          ),
        ),
      );
    },
  };
}

function verboseManifest(Ref: string, Descriptor: Descriptor, content: Uint8Array | undefined): VerboseManifest {
  if (content === undefined) return { Ref, Descriptor };
  const bytes = Buffer.from(content);
  const manifest: unknown = JSON.parse(bytes.toString('utf8'));
  const docker = Descriptor.mediaType === MEDIA_TYPE.dockerManifest;
  return {
    Ref,
    Descriptor,
    Raw: bytes.toString('base64'),
    ...(docker ? { SchemaV2Manifest: manifest } : { OCIManifest: manifest }),
  };
}
