import { type Descriptor, descriptorOf } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { type ImageIndex, parseIndex } from '../oci/index.ts';
import { encodeJson } from '../oci/json.ts';
import { isIndex, MEDIA_TYPE } from '../oci/media-types.ts';
import { isAttestation, matchPlatform, noMatchingPlatform, type Platform } from '../oci/platform.ts';
import type { SourceImage } from './source-image.ts';

export interface CombineOptions {
  /** Of the index itself. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** What an entry becomes; the very same object where nothing changes. */
  readonly entry?: (entry: Descriptor) => Descriptor;
  /** Makes an index even of one image. Default true. */
  readonly preferIndex?: boolean;
  /** Keeps these and their attestations only; empty: all. */
  readonly platforms?: readonly Platform[];
}

export interface Combined {
  readonly descriptor: Descriptor;
  readonly content: Uint8Array;
}

/**
 * One index over all that the sources hold, in their order, each digest once. One source that is an index already stays
 * as it is, byte for byte, when nothing is added, changed or left out, and else keeps its other fields. Fails with NO_MATCHING_PLATFORM.
 */
export function combine(sources: readonly SourceImage[], options: CombineOptions = {}): Combined {
  const platforms = options.platforms ?? [];
  const [only, ...others] = sources;
  const entries = distinct(sources.flatMap((source) => source.entries));
  const kept = chosen(entries, platforms, sources.map(({ name }) => name).join(', '));
  const changed = kept.map((entry) => options.entry?.(entry) ?? entry);
  const { annotations } = options;
  const plain = annotations === undefined && changed.every((entry, i) => entry === kept[i]);
  const index = only !== undefined && others.length === 0 && isIndex(only.descriptor.mediaType) ? only : undefined;
  if (only !== undefined && others.length === 0 && plain) {
    const whole = index === undefined ? options.preferIndex === false : kept.length === only.entries.length;
    if (whole) return { descriptor: only.descriptor, content: only.content };
  }
  // Docker's list has no annotations.
  const unannotated =
    annotations === undefined && changed.every((entry, i) => entry.annotations === kept[i]?.annotations);
  if (index !== undefined) {
    const before = parseIndex(index.content, index.descriptor);
    const mediaType = unannotated ? index.descriptor.mediaType : MEDIA_TYPE.ociIndex;
    const all = annotations === undefined ? {} : { annotations: { ...before.annotations, ...annotations } };
    return encoded(
      { ...before, ...(before.mediaType === undefined ? {} : { mediaType }), manifests: changed, ...all },
      mediaType,
    );
  }
  const docker = unannotated && changed.every(({ mediaType }) => mediaType.startsWith('application/vnd.docker.'));
  const mediaType = docker ? MEDIA_TYPE.dockerIndex : MEDIA_TYPE.ociIndex;
  return encoded(
    { schemaVersion: 2, mediaType, manifests: changed, ...(annotations === undefined ? {} : { annotations }) },
    mediaType,
  );
}

function encoded(index: ImageIndex, mediaType: string): Combined {
  const content = encodeJson(index);
  return { descriptor: descriptorOf(content, { mediaType }), content };
}

/** What is named twice is one entry: the later one's platform and annotations hold. */
function distinct(entries: readonly Descriptor[]): readonly Descriptor[] {
  const found = new Map<Digest, Descriptor>();
  for (const entry of entries) {
    const before = found.get(entry.digest);
    const platform = entry.platform ?? before?.platform;
    const merged =
      before === undefined
        ? entry
        : withAnnotations({ ...before, ...(platform === undefined ? {} : { platform }) }, entry.annotations);
    found.set(entry.digest, merged);
  }
  return [...found.values()];
}

function chosen(entries: readonly Descriptor[], platforms: readonly Platform[], name: string): readonly Descriptor[] {
  if (platforms.length === 0) return entries;
  const images = entries.filter((entry) => !isAttestation(entry));
  for (const platform of platforms) {
    if (images.some((image) => image.platform === undefined || matchPlatform(platform, image.platform))) continue;
    const offered = images.flatMap((image) => (image.platform === undefined ? [] : [image.platform]));
    throw noMatchingPlatform(platform, offered, name);
  }
  const kept = new Set<string>(
    images.flatMap(({ platform, digest }) =>
      platform === undefined || platforms.some((wanted) => matchPlatform(wanted, platform)) ? [digest] : [],
    ),
  );
  return entries.filter(
    (entry) => kept.has(entry.digest) || kept.has(entry.annotations?.['vnd.docker.reference.digest'] ?? ''),
  );
}

/** The entry with more annotations; itself without any. */
export function withAnnotations(entry: Descriptor, more: Readonly<Record<string, string>> | undefined): Descriptor {
  return more === undefined ? entry : { ...entry, annotations: { ...entry.annotations, ...more } };
}
