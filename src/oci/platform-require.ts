import { PolyarchError } from '../util/error.ts';
import type { Descriptor } from './descriptor.ts';
import type { Platform } from './platform.ts';
import { isAttestation, type MatchOptions, selectPlatform } from './platform-match.ts';
import { formatPlatform, formatPlatformFull } from './platform-parse.ts';

export interface RequirePlatformOptions extends MatchOptions {
  /** What the index belongs to, for the message: `docker.io/library/busybox:latest`. */
  readonly image: string;
}

/** The index's best manifest for the platform. Fails with NO_MATCHING_PLATFORM, which lists those that it has. */
export function requirePlatform(
  manifests: readonly Descriptor[],
  wanted: Platform,
  options: RequirePlatformOptions,
): Descriptor {
  const found = selectPlatform(manifests, wanted, options);
  if (found !== undefined) return found;
  const offered = manifests.flatMap((manifest) =>
    manifest.platform === undefined || isAttestation(manifest) ? [] : [manifest.platform],
  );
  throw noMatchingPlatform(wanted, offered, options.image);
}

/** The NO_MATCHING_PLATFORM error of an image that has only `offered`. */
export function noMatchingPlatform(wanted: Platform, offered: readonly Platform[], image: string): PolyarchError {
  const names = [...new Set(offered.map((platform) => formatPlatformFull(platform)))];
  return new PolyarchError('NO_MATCHING_PLATFORM', `${image} has no image for ${formatPlatform(wanted)}`, {
    hint: names.length === 0 ? 'it has no image for any platform' : `it has ${names.join(', ')}`,
    details: { platform: formatPlatform(wanted), offered: names },
  });
}
