import { platformImages } from '../content/image-contents.ts';
import type { StoredImage } from '../content/image-store.ts';
import { diagnoseEntries } from '../manifest/diagnose.ts';
import { isDigest } from '../oci/digest.ts';
import { parseIndex } from '../oci/index.ts';
import { isIndex } from '../oci/media-types.ts';
import { type Platform, formatPlatform, isAttestation, platformMatcher } from '../oci/platform.ts';
import { familiarName, familiarReference, parseReference } from '../oci/reference.ts';
import { localPlatform, readPlatform, requiredPlatform, shownName } from './images-local.ts';
import { localBytes } from './images-list.ts';
import type { LocalStore } from './local-store.ts';

/** What `docker image inspect` says of one platform's image, and the platforms of its index. */
export type InspectedImage = Readonly<Record<string, unknown>>;

/**
 * Describes an image: the platform asked for, else this machine's, else the first that is local. Fails with
 * IMAGE_NOT_FOUND, NO_MATCHING_PLATFORM and PLATFORM_NOT_LOCAL.
 */
export function inspectImage(
  local: LocalStore,
  text: string,
  options: { platform?: Platform; hostPlatform: Platform },
): InspectedImage {
  const { content, store } = local;
  const image = store.resolve(text);
  const platforms = platformImages(content, image.descriptor);
  const names = store
    .list()
    .filter((other) => other.descriptor.digest === image.descriptor.digest && !isDigest(other.name));
  const { config, platform, manifest, configDescriptor } = onePlatform(local, image, options);
  const { mediaType, digest, size } = image.descriptor;
  return {
    Id: digest,
    RepoTags: names
      .filter(({ name }) => parseReference(name).tag !== undefined)
      .map(({ name }) => familiarReference(parseReference(name))),
    RepoDigests: [...new Set(names.map(({ name }) => `${familiarName(parseReference(name))}@${digest}`))],
    Comment: config.history?.findLast((entry) => entry.comment !== undefined)?.comment ?? '',
    Created: config.created ?? '',
    Author: config.author ?? '',
    Config: config.config ?? {},
    Architecture: config.architecture || platform.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os || platform.os,
    ...(config['os.version'] === undefined ? {} : { OsVersion: config['os.version'] }),
    Size: localBytes(content, { descriptor: manifest }),
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: new Date(image.updatedAt).toISOString() },
    Descriptor: { mediaType, digest, size },
    Manifest: {
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      size: manifest.size,
      platform: formatPlatform(platform),
      config: configDescriptor.digest,
    },
    Platforms: platforms.map((one) => ({
      Platform: one.platform === undefined ? 'unknown' : formatPlatform(one.platform),
      Digest: one.manifest.digest,
      Local: one.complete,
      Size: one.size,
    })),
  };
}

/** What is odd about an image's index, a line each; attestations, which are not shown, are not explained. */
export function localFindings({ content, store }: LocalStore, text: string): readonly string[] {
  const image = store.resolve(text);
  if (!isIndex(image.descriptor.mediaType) || !content.hasSync(image.descriptor)) return [];
  const { manifests } = parseIndex(content.readSync(image.descriptor), image.descriptor);
  return diagnoseEntries(
    shownName(image),
    manifests.filter((entry) => !isAttestation(entry)),
  );
}

function onePlatform(local: LocalStore, image: StoredImage, options: { platform?: Platform; hostPlatform: Platform }) {
  const { content } = local;
  if (options.platform !== undefined) return requiredPlatform(content, image, options.platform);
  const platforms = platformImages(content, image.descriptor);
  const matcher = platformMatcher(options.hostPlatform);
  const own = platforms.some(({ platform, complete }) => complete && platform !== undefined && matcher.match(platform));
  const found = own ? localPlatform(content, image, { platform: options.hostPlatform, asked: false }) : undefined;
  if (found !== undefined) return found;
  const first = platforms.find(({ complete }) => complete);
  if (first?.platform !== undefined) return readPlatform(content, first.manifest, first.platform);
  return requiredPlatform(content, image, platforms[0]?.platform ?? options.hostPlatform);
}
