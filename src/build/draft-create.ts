import { annotateEntry, type EntryChange } from '../manifest/annotate.ts';
import { diagnoseEntries } from '../manifest/diagnose.ts';
import {
  type Draft,
  type DraftEntry,
  draftEntries,
  draftSource,
  type DraftSource,
  findEntry,
  withSource,
} from '../manifest/draft.ts';
import { draftName, type DraftStore } from '../manifest/draft-store.ts';
import { formatLocation } from '../manifest/location.ts';
import { ManySources } from '../manifest/many-sources.ts';
import { manifestsBelow } from '../manifest/manifests-below.ts';
import { readSource, type Wanted } from '../manifest/source-image.ts';
import type { Digest } from '../oci/digest.ts';
import { isDigest, parseDigest } from '../oci/digest.ts';
import { familiarReference, parseReference } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';
import type { ImagePlaces } from './image-places.ts';
import { parseSources } from './index-sources.ts';

/** Drafts of indexes, and where their images are. */
export interface Drafting {
  readonly places: ImagePlaces;
  readonly drafts: DraftStore;
}

export interface DraftRequest {
  readonly index: string;
  /** Digests, references, `oci-layout://`, `local://`, or descriptors in JSON. */
  readonly sources: readonly string[];
  /** Adds to a draft that is there, or replaces what it has of that name. */
  readonly amend: boolean;
}

/**
 * Reads the sources as they are now into a draft, and gives its name. Fails with DRAFT_EXISTS, CHILD_MISSING, and as reading
 * a source does; nothing is written then.
 */
export async function createDraft(
  { places, drafts }: Drafting,
  request: DraftRequest,
  options: { readonly notice: (text: string) => void; readonly signal?: AbortSignal },
): Promise<string> {
  const name = draftName(request.index);
  const refuse = () => {
    const shown = familiarReference(parseReference(name));
    return new PolyarchError('DRAFT_EXISTS', `there is a draft ${shown} already`, {
      hint: `--amend adds to it; polyarch manifest rm ${shown} removes it`,
    });
  };
  if (!request.amend && drafts.get(name) !== undefined) throw refuse();
  const wanted = await parseSources(request.sources, { places, destinations: [places.parse(name)] });
  const taken = await Promise.all(
    wanted.map((one) => take(one, options).catch((error: unknown) => withLocalHint(error, one.name, places))),
  );
  drafts.update(name, (before) => {
    if (before !== undefined && !request.amend) throw refuse();
    const draft = taken.reduce(withSource, before ?? { name, sources: [], edits: {} });
    const entries = draftEntries(draft).map(({ descriptor }) => descriptor);
    for (const finding of diagnoseEntries(name, entries)) options.notice(finding);
    return draft;
  });
  return name;
}

/** What failed, with another mend where the image lies in the local store. */
async function withLocalHint(error: unknown, name: string, places: ImagePlaces): Promise<never> {
  if (!(error instanceof PolyarchError) || !(await places.isLocal(name))) throw error;
  const hint = `the local store has an image of that name: local://${name}`;
  throw new PolyarchError(error.code, error.message, { hint, cause: error });
}

/** A source with every manifest below it. */
async function take(wanted: Wanted, options: { readonly signal?: AbortSignal }): Promise<DraftSource> {
  const many = new ManySources();
  const image = await readSource(wanted, many, options);
  const below = await manifestsBelow(image.descriptor, many, { name: wanted.name, ...options });
  const bytes = await Promise.all(
    below.map(async (descriptor) => [descriptor.digest, await many.bytes(descriptor, options)] as const),
  );
  return draftSource(image, new Map(bytes));
}

/** Changes one image of a draft. Fails with DRAFT_NOT_FOUND, DRAFT_ENTRY, UNKNOWN_PLATFORM and INVALID_ARGUMENT. */
export function annotateDraft(
  { places, drafts }: Drafting,
  { index, image }: { readonly index: string; readonly image: string },
  change: EntryChange,
): void {
  changeDraft(drafts, index, (draft) => annotateEntry(draft, entryOf(draft, image, places).descriptor, change));
}

/** Annotates the index itself. Fails with DRAFT_NOT_FOUND. */
export function annotateIndex(drafts: DraftStore, index: string, annotations: Readonly<Record<string, string>>): void {
  changeDraft(drafts, index, (draft) => ({ ...draft, annotations: { ...draft.annotations, ...annotations } }));
}

/** One image of a draft, by the name that it was given with, or a digest. Fails with DRAFT_ENTRY. */
export function entryOf(draft: Draft, text: string, places: ImagePlaces): DraftEntry {
  if (isDigest(text)) return findEntry(draft, { name: text, digest: parseDigest(text) });
  const location = places.parse(text);
  const digest: { digest?: Digest } =
    location.kind === 'registry' ? location.reference : location.kind === 'oci-layout' ? location : {};
  return findEntry(draft, {
    name: formatLocation(location),
    ...(digest.digest === undefined ? {} : { digest: digest.digest }),
  });
}

function changeDraft(drafts: DraftStore, index: string, change: (draft: Draft) => Draft): void {
  const name = draftName(index);
  drafts.require(name);
  drafts.update(name, (before) => change(before ?? drafts.require(name)));
}
