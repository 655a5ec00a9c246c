import { fetchBytes } from '../content/fetch-bytes.ts';
import type { Abortable } from '../content/storage.ts';
import { parseConfig, platformOf } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseIndex } from '../oci/index.ts';
import { parseManifest } from '../oci/manifest.ts';
import { isIndex, isManifest, isSchema1 } from '../oci/media-types.ts';
import { normalizePlatform, type Platform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { ImageSource } from './image-source.ts';
import type { ManySources } from './many-sources.ts';
import { ofImage } from './of-image.ts';
import { readRoot } from './read-root.ts';

/** An image or index that indexes are made of, or that is published elsewhere. */
export interface SourceImage {
  /** In full, as messages name it. */
  readonly name: string;
  /** With its platform where it is one image. */
  readonly descriptor: Descriptor;
  readonly content: Uint8Array;
  /** An index's entries; else the image itself. */
  readonly entries: readonly Descriptor[];
}

/** What is asked for of a source. */
export interface Wanted {
  readonly name: string;
  readonly source: ImageSource;
  /** Tag or digest. */
  readonly reference: string;
  /** Fields of a descriptor that a person wrote: they go before those that are found. */
  readonly given?: Partial<Descriptor>;
}

/** Reads a source's root. Fails with NOT_FOUND, MANIFEST_SCHEMA1, MANIFEST_MEDIA_TYPE, SIZE_MISMATCH for a size that was given. */
export function readSource(wanted: Wanted, many: ManySources, options: Abortable = {}): Promise<SourceImage> {
  return ofImage(wanted.name, () => readWanted(wanted, many, options));
}

async function readWanted(
  { name, source, reference, given = {} }: Wanted,
  many: ManySources,
  options: Abortable,
): Promise<SourceImage> {
  const { descriptor: found, content } = await readRoot(source, reference, options);
  if (given.size !== undefined && given.size !== 0 && given.size !== found.size) {
    throw new PolyarchError('SIZE_MISMATCH', `${name} has ${found.size} bytes, its descriptor says ${given.size}`);
  }
  const descriptor: Descriptor = {
    mediaType: given.mediaType ?? found.mediaType,
    digest: found.digest,
    size: found.size,
    ...(given.annotations === undefined ? {} : { annotations: given.annotations }),
    ...(given.artifactType === undefined ? {} : { artifactType: given.artifactType }),
    ...(given.platform === undefined ? {} : { platform: given.platform }),
  };
  const { mediaType } = descriptor;
  if (!isIndex(mediaType) && !isManifest(mediaType) && !isSchema1(mediaType)) {
    throw new PolyarchError('MANIFEST_MEDIA_TYPE', `${name} is of type ${mediaType}, which is no image and no index`);
  }
  many.add(descriptor, content, source);
  if (isIndex(mediaType)) return { name, descriptor, content, entries: parseIndex(content, descriptor).manifests };
  const image = { ...descriptor, platform: await platformOfImage(descriptor, content, { many, ...options }) };
  return { name, descriptor: image, content, entries: [image] };
}

/** What the descriptor says of its platform; the rest is the config's. */
async function platformOfImage(
  descriptor: Descriptor,
  content: Uint8Array,
  { many, signal }: { readonly many: ManySources; readonly signal?: AbortSignal },
): Promise<Platform> {
  // Written by hand, a platform may lack what its type asks for.
  const said: Partial<Platform> = descriptor.platform ?? {};
  if (said.os !== undefined && said.architecture !== undefined)
    return { ...said, os: said.os, architecture: said.architecture };
  const { config } = parseManifest(content, descriptor);
  const bytes = await fetchBytes(many, config, { maxBytes: LIMITS.configBytes, signal });
  const own = platformOf(parseConfig(bytes, config));
  // A variant that is written stays: an index over results of `build` then says what that build's own would.
  const variant = own.variant === undefined ? {} : { variant: own.variant };
  return { ...normalizePlatform(own), ...variant, ...said };
}
