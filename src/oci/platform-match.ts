import type { Descriptor } from './descriptor.ts';
import { isIndex, isManifest } from './media-types.ts';
import type { Platform } from './platform.ts';
import { normalizePlatform } from './platform-normal.ts';
import { windowsVersionMatches } from './platform-windows.ts';

/** Whether images of a platform will do, and which of them is better. */
export interface PlatformMatcher {
  match(platform: Platform): boolean;
  /** Negative when `a` is the better match; 0 for a tie. One that matches comes before one that does not. */
  compare(a: Platform, b: Platform): number;
}

export interface MatchOptions {
  /** Only the platform itself (containerd's OnlyStrict), not what it can run besides. Default false. */
  readonly strict?: boolean;
}

/** True when an image of platform `offered` is an image of `wanted` itself, whatever the spelling of both. */
export function matchPlatform(wanted: Platform, offered: Platform): boolean {
  return matches(normalizePlatform(wanted), normalizePlatform(offered));
}

/**
 * Containerd's `Only`: the platform, then what a machine of it runs too, best first. amd64/v3 takes v3, v2, v1
 * and 386; arm/v7 takes v7, v6, v5; arm64 takes arm64 and arm v8 to v5; arm64/v9.x takes v9.x down and v8.(x+5) down.
 */
export function platformMatcher(wanted: Platform, options: MatchOptions = {}): PlatformMatcher {
  const ordered = options.strict === true ? [normalizePlatform(wanted)] : compatiblePlatforms(wanted);
  const rank = (platform: Platform): number => {
    const normal = normalizePlatform(platform);
    const index = ordered.findIndex((candidate) => matches(candidate, normal));
    return index < 0 ? ordered.length : index;
  };
  return {
    match: (platform) => rank(platform) < ordered.length,
    compare: (a, b) => rank(a) - rank(b) || featureCount(b) - featureCount(a),
  };
}

/** The platform and those that a machine of it runs without emulation, best first, canonical. */
export function compatiblePlatforms(platform: Platform): readonly Platform[] {
  const normal = normalizePlatform(platform);
  return variantsOf(normal).map(([architecture, variant]) => normalizePlatform({ ...normal, architecture, variant }));
}

/**
 * The manifests of an index that will do for the platform, best first; among equals the index's own order holds.
 * A manifest without a platform comes last, as in containerd; attestations (`unknown/unknown`) never match.
 */
function rankPlatform(
  manifests: readonly Descriptor[],
  wanted: Platform,
  options: MatchOptions = {},
): readonly Descriptor[] {
  const matcher = platformMatcher(wanted, options);
  const fitting = manifests.filter((manifest) => manifest.platform !== undefined && matcher.match(manifest.platform));
  const ranked = fitting.toSorted((a, b) =>
    a.platform === undefined || b.platform === undefined ? 0 : matcher.compare(a.platform, b.platform),
  );
  return [...ranked, ...manifests.filter((manifest) => isBare(manifest))];
}

/** The best of `rankPlatform`, or undefined when the index has none for the platform. */
export function selectPlatform(
  manifests: readonly Descriptor[],
  wanted: Platform,
  options: MatchOptions = {},
): Descriptor | undefined {
  return rankPlatform(manifests, wanted, options)[0];
}

/** BuildKit's attestation manifests and the like: they belong to another manifest and run nowhere. */
export function isAttestation(manifest: Descriptor): boolean {
  return (
    manifest.annotations?.['vnd.docker.reference.type'] !== undefined ||
    (manifest.platform?.os === 'unknown' && manifest.platform.architecture === 'unknown')
  );
}

function isBare(manifest: Descriptor): boolean {
  return (
    manifest.platform === undefined &&
    manifest.artifactType === undefined &&
    !isAttestation(manifest) &&
    (isManifest(manifest.mediaType) || isIndex(manifest.mediaType))
  );
}

/** Both normal. */
function matches(wanted: Platform, offered: Platform): boolean {
  if (wanted.os !== offered.os || wanted.architecture !== offered.architecture) return false;
  if (wanted.variant !== offered.variant) return false;
  if (wanted.os === 'windows') return windowsVersionMatches(wanted['os.version'], offered['os.version']);
  const features = wanted['os.features'] ?? [];
  return (offered['os.features'] ?? []).every((feature) => features.includes(feature));
}

function featureCount(platform: Platform): number {
  return platform['os.features']?.length ?? 0;
}

type Variant = readonly [architecture: string, variant: string];

function variantsOf({ architecture, variant = '' }: Platform): readonly Variant[] {
  const own: Variant = [architecture, variant];
  switch (architecture) {
    case 'amd64':
      return [own, ...below('amd64', numberOf(variant), 1), ['386', '']];
    case 'arm':
      return [own, ...below('arm', numberOf(variant), 5)];
    case 'arm64': {
      const version = /^v([89])(?:\.(\d))?$/.exec(variant === '' ? 'v8' : variant);
      const arm: readonly Variant[] = [['arm', 'v8'], ...below('arm', 8, 5)];
      if (version === null) return [own, ...arm];
      const minor = Number(version[2] ?? 0);
      const v9 = version[1] === '9' ? minors('v9', minor) : [];
      const v8 = minors('v8', version[1] === '9' ? Math.min(minor + 5, 9) : minor);
      return [...v9, ...v8, ...arm];
    }
    default:
      return [own];
  }
}

function numberOf(variant: string): number {
  const found = /^v?(\d+)$/.exec(variant);
  return found === null ? 0 : Number(found[1]);
}

function below(architecture: string, version: number, least: number): Variant[] {
  const found: Variant[] = [];
  for (let next = Math.min(version, 16) - 1; next >= least; next -= 1) found.push([architecture, `v${next}`]);
  return found;
}

function minors(major: string, minor: number): Variant[] {
  return Array.from({ length: minor + 1 }, (_, index): Variant => {
    const version = minor - index;
    return ['arm64', version === 0 ? major : `${major}.${version}`];
  });
}
