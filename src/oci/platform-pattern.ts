import { type Platform, formatPlatform, normalizePlatform, parsePlatform } from './platform.ts';

/** Which platforms a value is for. */
export interface PlatformPattern {
  readonly platform: Platform;
  /** No variant was written: every variant of the architecture is meant. */
  readonly anyVariant: boolean;
}

/**
 * Parses `OS/ARCHITECTURE[/VARIANT]`, names as parsePlatform takes them. `linux/arm` is every variant of arm, but
 * `linux/armhf` is `linux/arm/v7`. Fails with UNKNOWN_PLATFORM.
 */
export function parsePlatformPattern(text: string): PlatformPattern {
  const platform = parsePlatform(text);
  const [, architecture = '', variant = ''] = text.split('/');
  const bare = variant === '' && (architecture.toLowerCase() === 'arm' || platform.variant === undefined);
  return { platform, anyVariant: bare };
}

export function formatPlatformPattern({ platform, anyVariant }: PlatformPattern): string {
  const { os, architecture } = platform;
  return formatPlatform(anyVariant ? { os, architecture } : platform);
}

export function matchesPattern({ platform: wanted, anyVariant }: PlatformPattern, platform: Platform): boolean {
  const { os, architecture, variant } = normalizePlatform(platform);
  return wanted.os === os && wanted.architecture === architecture && (anyVariant || wanted.variant === variant);
}
