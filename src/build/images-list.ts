import { type PlatformImage, platformImages } from '../content/image-contents.ts';
import type { DiskStore } from '../content/blob-store.ts';
import type { StoredImage } from '../content/image-store.ts';
import { markReachable } from '../content/reachable.ts';
import { parseConfig } from '../oci/config.ts';
import type { Digest } from '../oci/digest.ts';
import { isDigest } from '../oci/digest.ts';
import { parseManifest } from '../oci/manifest.ts';
import { formatPlatform } from '../oci/platform.ts';
import { type Reference, familiarName, parseReference } from '../oci/reference.ts';
import type { LocalStore } from './local-store.ts';

/** One line of `polyarch images`. */
export interface ListedImage {
  /** Familiar name without the tag; undefined for an image without a name. */
  readonly repository: string | undefined;
  readonly tag: string | undefined;
  /** Of the index, or of the manifest when there is none. */
  readonly digest: Digest;
  readonly platforms: readonly ListedPlatform[];
  /** When the image was made, ms since the epoch; when it came here, if it does not say. */
  readonly created: number;
  /** Bytes of all of it that is local, compressed as it is. */
  readonly size: number;
}

export interface ListedPlatform {
  /** `linux/arm64`; `unknown` when neither index nor config is local. */
  readonly platform: string;
  /** Whether all of it is local. */
  readonly local: boolean;
  readonly size: number;
}

/** Which images are listed. */
export interface ImageFilter {
  /** All of them must fit: NAME or NAME:TAG, `*` and `?` standing for any characters. */
  readonly patterns?: readonly string[];
  /** Only those without a name, or only those with one. */
  readonly dangling?: boolean;
}

/** The local images, newest first. */
export function listImages(local: LocalStore, { patterns = [], dangling }: ImageFilter = {}): readonly ListedImage[] {
  const fits = patterns.map(namePattern);
  return local
    .list()
    .map((image) => ({ image, name: isDigest(image.name) ? undefined : parseReference(image.name) }))
    .filter(
      ({ name }) => (dangling === undefined || dangling === (name === undefined)) && fits.every((fit) => fit(name)),
    )
    .map(({ image, name }) => listed(local.content, image, name))
    .toSorted((a, b) => b.created - a.created);
}

function listed(content: DiskStore, image: StoredImage, name: Reference | undefined): ListedImage {
  const platforms = platformImages(content, image.descriptor);
  return {
    repository: name === undefined ? undefined : familiarName(name),
    tag: name?.tag,
    digest: image.descriptor.digest,
    platforms: platforms.map(({ platform, complete, size }) => ({
      platform: platform === undefined ? 'unknown' : formatPlatform(platform),
      local: complete,
      size,
    })),
    created: createdAt(content, platforms) ?? image.createdAt,
    size: localBytes(content, image),
  };
}

/** Bytes of an image's local content, each blob once. */
export function localBytes(content: DiskStore, image: Pick<StoredImage, 'descriptor'>): number {
  let bytes = 0;
  for (const digest of markReachable(content, [image.descriptor])) bytes += content.info(digest)?.size ?? 0;
  return bytes;
}

function createdAt(content: DiskStore, platforms: readonly PlatformImage[]): number | undefined {
  for (const { manifest } of platforms) {
    if (!content.hasSync(manifest)) continue;
    const { config } = parseManifest(content.readSync(manifest), manifest);
    if (!content.hasSync(config)) continue;
    const { created } = parseConfig(content.readSync(config), config);
    const time = created === undefined ? Number.NaN : Date.parse(created);
    if (!Number.isNaN(time)) return time;
  }
  return undefined;
}

function namePattern(pattern: string): (name: Reference | undefined) => boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const regexp = new RegExp(`^${source}$`);
  return (name) => {
    if (name === undefined) return false;
    const full = `${name.domain}/${name.path}`;
    return [familiarName(name), full].some((text) => regexp.test(text) || regexp.test(`${text}:${name.tag ?? ''}`));
  };
}
