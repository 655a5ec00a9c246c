import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { parseIndex } from '../oci/index.ts';
import { isIndex } from '../oci/media-types.ts';
import { formatPlatformFull, isAttestation, type Platform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { combine, type Combined, withAnnotations } from './combine.ts';
import { ManySources } from './many-sources.ts';
import type { ImageSource } from './image-source.ts';
import type { SourceImage } from './source-image.ts';

/** An index that is being put together, not pushed yet. */
export interface Draft {
  /** In full: `docker.io/library/app:1`. */
  readonly name: string;
  /** In the order of the index. */
  readonly sources: readonly DraftSource[];
  /** What entries were changed to, by digest. */
  readonly edits: Readonly<Record<string, EntryEdit>>;
  /** Of the index itself. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An image or index as it was when the draft took it. */
export interface DraftSource {
  /** A location in full, which may mean something else by now. */
  readonly name: string;
  /** With its platform where it is one image. */
  readonly descriptor: Descriptor;
  /** The bytes of all its manifests, base64, by digest. */
  readonly manifests: Readonly<Record<string, string>>;
}

export interface EntryEdit {
  /** In place of the entry's own. */
  readonly platform?: Platform;
  /** Besides the entry's own. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One image of a draft, as it goes into the index. */
export interface DraftEntry {
  /** A source's name; for one of an index's images, with its digest. */
  readonly name: string;
  readonly descriptor: Descriptor;
  /** Undefined for what is no manifest. */
  readonly content: Uint8Array | undefined;
}

/** A source's bytes; an index's children too. */
export function draftSource(
  { name, descriptor }: SourceImage,
  manifests: ReadonlyMap<Digest, Uint8Array>,
): DraftSource {
  const encoded = [...manifests].map(([digest, bytes]) => [digest, Buffer.from(bytes).toString('base64')]);
  return { name, descriptor, manifests: Object.fromEntries(encoded) };
}

/**
 * The draft with a source more; one of the same name is replaced where it stands, and what was changed of its image goes
 * over to the new one.
 */
export function withSource(draft: Draft, source: DraftSource): Draft {
  const at = draft.sources.findIndex(({ name }) => name === source.name);
  const before = draft.sources[at];
  if (before === undefined) return { ...draft, sources: [...draft.sources, source] };
  const sources = draft.sources.with(at, source);
  const single = [before, source].every(({ descriptor }) => !isIndex(descriptor.mediaType));
  const edit = draft.edits[before.descriptor.digest];
  const moved = single && edit !== undefined ? { [source.descriptor.digest]: edit } : {};
  return { ...draft, sources, edits: { ...draft.edits, ...moved } };
}

/** What the draft would be pushed as. */
export function draftIndex(draft: Draft): Combined {
  const { annotations } = draft;
  const entry = (one: Descriptor): Descriptor => edited(one, draft);
  return combine(sourceImages(draft), { ...(annotations === undefined ? {} : { annotations }), entry });
}

export function sourceImages({ sources }: Draft): readonly SourceImage[] {
  return sources.map((source) => ({
    name: source.name,
    descriptor: source.descriptor,
    content: bytesOf(source, source.descriptor),
    entries: entriesOf(source),
  }));
}

/** The draft's images in the index's order, attestations too. */
export function draftEntries(draft: Draft): readonly DraftEntry[] {
  const { content, descriptor } = draftIndex(draft);
  const found = new Map<Digest, Pick<DraftEntry, 'name' | 'content'>>();
  for (const source of draft.sources) {
    const index = isIndex(source.descriptor.mediaType);
    for (const entry of entriesOf(source)) {
      const name = index ? `${source.name.replace(/@[^@/]*$/, '')}@${entry.digest}` : source.name;
      if (!found.has(entry.digest)) found.set(entry.digest, { name, content: knownBytes(source, entry) });
    }
  }
  return parseIndex(content, descriptor).manifests.map((entry) => ({
    name: entry.digest,
    content: undefined,
    ...found.get(entry.digest),
    descriptor: entry,
  }));
}

/** The one image that is meant by a source's name in full, or by a digest. Fails with DRAFT_ENTRY. */
export function findEntry(draft: Draft, wanted: { readonly name: string; readonly digest?: Digest }): DraftEntry {
  const entries = draftEntries(draft);
  const source = draft.sources.find(({ name }) => name === wanted.name);
  const own = new Set(source === undefined ? [wanted.digest] : entriesOf(source).map(({ digest }) => digest));
  const found = entries.filter(({ descriptor }) => own.has(descriptor.digest));
  const images = found.filter(({ descriptor }) => !isAttestation(descriptor));
  const [only, ...others] = found.length === 1 ? found : images;
  if (only !== undefined && others.length === 0) return only;
  const listed = (images.length === 0 ? entries : images)
    .filter(({ descriptor }) => !isAttestation(descriptor))
    .map(
      ({ name, descriptor: { platform } }) =>
        `${name}${platform === undefined ? '' : ` (${formatPlatformFull(platform)})`}`,
    );
  throw new PolyarchError(
    'DRAFT_ENTRY',
    only === undefined
      ? `${wanted.name} is not in ${draft.name}`
      : `${wanted.name} is an index of ${images.length} images in ${draft.name}: which one?`,
    { hint: `name one of ${listed.join(', ')}` },
  );
}

/** The draft's manifests; what they name is to be had from where each source, by its place, came from. */
export function draftContent({ sources }: Draft, from: readonly ImageSource[]): ManySources {
  const many = new ManySources();
  for (const [i, source] of sources.entries()) {
    const add = (descriptor: Descriptor): void => {
      const content = knownBytes(source, descriptor);
      if (content === undefined) return;
      many.add(descriptor, content, from[i]);
      if (isIndex(descriptor.mediaType)) parseIndex(content, descriptor).manifests.forEach(add);
    };
    add(source.descriptor);
  }
  return many;
}

function entriesOf(source: DraftSource): readonly Descriptor[] {
  const { descriptor } = source;
  return isIndex(descriptor.mediaType) ? parseIndex(bytesOf(source, descriptor), descriptor).manifests : [descriptor];
}

function bytesOf(source: DraftSource, descriptor: Descriptor): Uint8Array {
  const bytes = knownBytes(source, descriptor);
  if (bytes === undefined) throw new Error(`the draft has no ${descriptor.digest} of ${source.name}`);
  return bytes;
}

function knownBytes({ manifests }: DraftSource, { digest }: Descriptor): Uint8Array | undefined {
  const text = manifests[digest];
  return text === undefined ? undefined : Buffer.from(text, 'base64');
}

function edited(entry: Descriptor, { edits }: Draft): Descriptor {
  const edit = edits[entry.digest];
  if (edit === undefined) return entry;
  return withAnnotations(edit.platform === undefined ? entry : { ...entry, platform: edit.platform }, edit.annotations);
}
