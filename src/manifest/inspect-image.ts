import { fetchBytes } from '../content/fetch-bytes.ts';
import type { Abortable, Resolver } from '../content/storage.ts';
import { type ImageConfig, parseConfig, platformOf } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseIndex } from '../oci/index.ts';
import { parseManifest } from '../oci/manifest.ts';
import { isIndex } from '../oci/media-types.ts';
import { formatPlatform, isAttestation, normalizePlatform } from '../oci/platform.ts';
import { hasCode } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { type Attestations, attestationsOf } from './attestations.ts';
import { diagnoseEntries } from './diagnose.ts';
import type { ImageSource } from './image-source.ts';
import { childMissing } from './manifests-below.ts';
import type { ManifestBytes } from './read-root.ts';

/** An image or index, as far as its root tells. */
export interface InspectedRoot extends ManifestBytes {
  /** An index's; undefined for one image. */
  readonly entries: readonly Descriptor[] | undefined;
}

export interface InspectedPlatform extends Attestations {
  readonly platform: string;
  readonly config: ImageConfig;
}

/** What the root means. Fails with MANIFEST_SCHEMA1, MANIFEST_MEDIA_TYPE and MANIFEST_INVALID. */
export function interpretRoot({ descriptor, content }: ManifestBytes): InspectedRoot {
  if (isIndex(descriptor.mediaType)) return { descriptor, content, entries: parseIndex(content, descriptor).manifests };
  parseManifest(content, descriptor);
  return { descriptor, content, entries: undefined };
}

/** Each image's config, and its attestations when they are wanted, by platform; an index in an index is not looked into. */
export async function inspectPlatforms(
  root: InspectedRoot,
  source: ImageSource,
  options: Abortable & { readonly attestations: boolean },
): Promise<readonly InspectedPlatform[]> {
  const { signal } = options;
  const entries = root.entries ?? [root.descriptor];
  const images = entries.filter((entry) => !isAttestation(entry) && !isIndex(entry.mediaType));
  const found = await Promise.all(
    images.map(async (image): Promise<InspectedPlatform> => {
      const manifest = root.entries === undefined ? root.content : await fetchBytes(source, image, { signal });
      const { config: descriptor } = parseManifest(manifest, image);
      const config = parseConfig(
        await fetchBytes(source, descriptor, { maxBytes: LIMITS.configBytes, signal }),
        descriptor,
      );
      const platform = formatPlatform(normalizePlatform(image.platform ?? platformOf(config)));
      const attested = options.attestations ? await attestationsOf(image, entries, { source, signal }) : {};
      return { platform, config, ...attested };
    }),
  );
  return found.toSorted((a, b) => (a.platform < b.platform ? -1 : 1));
}

/** What is wrong or odd about an index, a line each, its children being asked for where they should be. */
export async function diagnoseIndex(
  root: InspectedRoot,
  { name, source, signal }: { readonly name: string; readonly source: ImageSource } & Abortable,
): Promise<readonly string[]> {
  const entries = root.entries ?? [];
  const { missing, differing } = await askChildren(entries, source, { signal });
  return [
    ...(missing.length === 0 ? [] : [`warning: ${childMissing(name, missing).message}`]),
    ...differing.map(
      ({ entry, mediaType }) =>
        `warning: ${name}: ${entry.digest} is of type ${mediaType}, the index says ${entry.mediaType}`,
    ),
    ...diagnoseEntries(name, entries),
  ];
}

/** Which of an index's entries its place does not have, or has as another type. */
export async function askChildren(
  entries: readonly Descriptor[],
  source: Resolver,
  { signal }: Abortable,
): Promise<{
  readonly missing: readonly Descriptor[];
  readonly differing: readonly { readonly entry: Descriptor; readonly mediaType: string }[];
}> {
  const asked = await Promise.all(
    entries.map(async (entry) => {
      try {
        return { entry, found: await source.resolve(entry.digest, { signal }) };
      } catch (error) {
        if (hasCode(error, 'NOT_FOUND')) return { entry, found: undefined };
        throw error;
      }
    }),
  );
  return {
    missing: asked.flatMap(({ entry, found }) => (found === undefined ? [entry] : [])),
    differing: asked.flatMap(({ entry, found }) =>
      found === undefined || found.mediaType === entry.mediaType ? [] : [{ entry, mediaType: found.mediaType }],
    ),
  };
}
