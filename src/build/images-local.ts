import { platformImages } from '../content/image-contents.ts';
import type { DiskStore } from '../content/blob-store.ts';
import type { StoredImage } from '../content/image-store.ts';
import { type ImageConfig, parseConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest } from '../oci/digest.ts';
import { parseManifest } from '../oci/manifest.ts';
import { type Platform, formatPlatform, noMatchingPlatform, platformMatcher } from '../oci/platform.ts';
import { familiarReference, parseReference } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';
import type { Layer } from '../snapshot/layer.ts';

/** One platform of an image in the local store, with its config. */
export interface LocalPlatform {
  readonly platform: Platform;
  readonly manifest: Descriptor;
  readonly config: ImageConfig;
  readonly configDescriptor: Descriptor;
  readonly layers: readonly Layer[];
}

/** How people call a stored image: `busybox:latest`, or its digest when it has no name. */
export function shownName(image: StoredImage): string {
  return isDigest(image.name) ? image.name : familiarReference(parseReference(image.name));
}

/**
 * The platform of a local image that is meant: the one asked for, else this machine's, else its only one.
 * Fails with NO_MATCHING_PLATFORM, which lists those that it has; undefined when it is in the image but not local.
 */
export function localPlatform(
  content: DiskStore,
  image: StoredImage,
  wanted: { readonly platform: Platform; readonly asked: boolean },
): LocalPlatform | undefined {
  const all = platformImages(content, image.descriptor);
  const matcher = platformMatcher(wanted.platform);
  const fits = all.filter(({ platform }) => platform === undefined || matcher.match(platform));
  const ranked = fits.toSorted((a, b) =>
    a.platform === undefined || b.platform === undefined
      ? Number(a.platform === undefined) - Number(b.platform === undefined)
      : matcher.compare(a.platform, b.platform),
  );
  const chosen = ranked[0] ?? (!wanted.asked && all.length === 1 ? all[0] : undefined);
  if (chosen === undefined) {
    const offered = all.flatMap(({ platform }) => (platform === undefined ? [] : [platform]));
    throw noMatchingPlatform(wanted.platform, offered, shownName(image));
  }
  if (!chosen.complete) return undefined;
  return readPlatform(content, chosen.manifest, chosen.platform ?? wanted.platform);
}

/** One platform's manifest and config, complete or not as to its layers. Fails with NO_MATCHING_PLATFORM and PLATFORM_NOT_LOCAL. */
export function requiredPlatform(content: DiskStore, image: StoredImage, platform: Platform): LocalPlatform {
  const found = localPlatform(content, image, { platform, asked: true });
  if (found !== undefined) return found;
  throw new PolyarchError(
    'PLATFORM_NOT_LOCAL',
    `${shownName(image)} for ${formatPlatform(platform)} is not in the local store`,
    {
      hint: `polyarch pull --platform ${formatPlatform(platform)} ${shownName(image)}`,
    },
  );
}

/** A platform whose manifest and config are local. */
export function readPlatform(content: DiskStore, manifest: Descriptor, platform: Platform): LocalPlatform {
  const { config: configDescriptor, layers } = parseManifest(content.readSync(manifest), manifest);
  const config = parseConfig(content.readSync(configDescriptor), configDescriptor);
  const diffIds = config.rootfs.diff_ids;
  return {
    platform,
    manifest,
    config,
    configDescriptor,
    layers: layers.map((blob, i): Layer => {
      const diffId = diffIds[i] ?? blob.digest;
      return { id: diffId.slice(diffId.indexOf(':') + 1), diffId, blob };
    }),
  };
}

/** `linux/amd64, linux/arm64` */
export function platformList(platforms: readonly (Platform | undefined)[]): string {
  return platforms.map((platform) => (platform === undefined ? 'unknown' : formatPlatform(platform))).join(', ');
}
