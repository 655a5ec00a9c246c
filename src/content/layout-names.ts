import type { Descriptor } from '../oci/descriptor.ts';
import type { ImageIndex } from '../oci/index.ts';
import { formatReference, isTag, parseReference } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';

/** OCI image spec, annotations.md: what an entry of a layout's index.json is called. */
export const REF_NAME = 'org.opencontainers.image.ref.name';
/** containerd's: the whole reference, the former then being its tag. */
export const IMAGE_NAME = 'io.containerd.image.name';

/**
 * The annotations that give an entry this name: a bare tag is only the ref name; a reference is written in full as
 * the image name, with its tag as the ref name, as containerd and BuildKit write both; anything else is the ref name.
 */
export function nameAnnotations(name: string): Readonly<Record<string, string>> {
  if (isTag(name)) return { [REF_NAME]: name };
  const full = canonical(name);
  if (full === undefined) return { [REF_NAME]: name };
  const { tag } = parseReference(name);
  return { [IMAGE_NAME]: full, ...(tag === undefined ? {} : { [REF_NAME]: tag }) };
}

/** The entry that a name means: by image name, else by ref name (the last one written), else by the same image's other spelling. */
function entryNamed(index: ImageIndex, name: string): Descriptor | undefined {
  const full = canonical(name);
  return (
    index.manifests.findLast((entry) => entry.annotations?.[IMAGE_NAME] === name) ??
    index.manifests.findLast((entry) => entry.annotations?.[REF_NAME] === name) ??
    index.manifests.findLast((entry) => full !== undefined && entryReference(entry) === full)
  );
}

/**
 * As `entryNamed`; for the empty name, the only image: beside one that has a name, those without are what is attached to
 * it. Fails with NOT_FOUND, which tells what there is in `place`.
 */
export function requireEntry(index: ImageIndex, name: string, place: string): Descriptor {
  const named = index.manifests.filter((entry) => nameOf(entry) !== undefined);
  const [only] = named.length === 0 ? index.manifests : named;
  const single = (named.length === 0 ? index.manifests : named).every(({ digest }) => digest === only?.digest);
  // What nobody named is what a name without a tag means.
  const unnamed = name === 'latest' && named.length === 0;
  const found = entryNamed(index, name) ?? (single && (name === '' || unnamed) ? only : undefined);
  if (found !== undefined) return found;
  const names = index.manifests.map((entry) => nameOf(entry) ?? entry.digest);
  throw new PolyarchError(
    'NOT_FOUND',
    name === '' ? `${place} holds ${names.length} images: which one?` : `no image ${name} in ${place}`,
    { hint: names.length === 0 ? 'it holds no image' : `it holds ${names.slice(0, 20).join(', ')}` },
  );
}

/** What an entry is called, as short as it is unmistakable; undefined for an entry without a name. */
export function nameOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[IMAGE_NAME] ?? entry.annotations?.[REF_NAME];
}

/**
 * The index with an entry for the descriptor under the name; an entry that had the name loses it by being replaced.
 * Without a name the entry is added unless there is one for its digest.
 */
export function withEntry(index: ImageIndex, descriptor: Descriptor, name: string | undefined): ImageIndex {
  const annotations = name === undefined ? {} : nameAnnotations(name);
  const sameName = (entry: Descriptor) =>
    entry.annotations?.[IMAGE_NAME] === annotations[IMAGE_NAME] &&
    entry.annotations?.[REF_NAME] === annotations[REF_NAME];
  const known = index.manifests.some((entry) => entry.digest === descriptor.digest);
  if (name === undefined && known) return index;
  const others = index.manifests.filter((entry) =>
    name === undefined
      ? true
      : // An entry of the same content without any name is taken over.
        !sameName(entry) && !(entry.digest === descriptor.digest && nameOf(entry) === undefined),
  );
  const { [REF_NAME]: _ref, [IMAGE_NAME]: _image, ...kept } = descriptor.annotations ?? {};
  const all = { ...kept, ...annotations };
  const { annotations: _old, data: _data, ...plain } = descriptor;
  const entry = Object.keys(all).length === 0 ? plain : { ...plain, annotations: all };
  return { ...index, manifests: [...others, entry] };
}

function entryReference(entry: Descriptor): string | undefined {
  const name = nameOf(entry);
  return name === undefined || isTag(name) ? undefined : canonical(name);
}

function canonical(name: string): string | undefined {
  try {
    return formatReference(parseReference(name));
  } catch {
    return undefined;
  }
}
