import { type Platform, formatPlatformFull, parsePlatforms } from '../oci/platform.ts';

/** `--platform` of a build: a list in which `?` stands before optional platforms. One that is also named without it is required. */
export function platformTiers(texts: readonly string[]): {
  readonly platforms: readonly Platform[];
  readonly optional: readonly Platform[];
} {
  const words = texts.flatMap((text) => text.split(',')).map((word) => word.trim());
  const names = (platforms: readonly Platform[]) => new Set(platforms.map((platform) => formatPlatformFull(platform)));
  const required = names(parsePlatforms(words.filter((word) => !word.startsWith('?'))));
  const platforms = parsePlatforms(words.map((word) => word.replace(/^\?\s*/, '')));
  return { platforms, optional: platforms.filter((platform) => !required.has(formatPlatformFull(platform))) };
}
