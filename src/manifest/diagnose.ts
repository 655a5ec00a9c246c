import type { Descriptor } from '../oci/descriptor.ts';
import { parseIndex } from '../oci/index.ts';
import { isIndex, isSchema1 } from '../oci/media-types.ts';
import { formatPlatform, formatPlatformFull, isAttestation, normalizePlatform } from '../oci/platform.ts';
import type { ManifestBytes } from './read-root.ts';

/**
 * What is odd about an index's entries, a line each: schema 1 manifests, entries without a platform or its variant, two for one
 * platform, and what `unknown/unknown` stands for. `name` is what the index is called.
 */
export function diagnoseEntries(name: string, entries: readonly Descriptor[]): readonly string[] {
  const images = entries.filter((entry) => !isAttestation(entry));
  return [
    ...entries
      .filter(({ mediaType }) => isSchema1(mediaType))
      .map(({ digest }) => `warning: ${name}: ${digest} is a Docker schema 1 manifest, which no client of today takes`),
    ...images.flatMap((entry) => platformFindings(name, entry)),
    ...twice(name, images),
    ...attestations(name, entries),
  ];
}

/** As `diagnoseEntries`, of an index; nothing of one image. */
export function diagnoseRoot(name: string, { descriptor, content }: ManifestBytes): readonly string[] {
  return isIndex(descriptor.mediaType) ? diagnoseEntries(name, parseIndex(content, descriptor).manifests) : [];
}

function platformFindings(name: string, { platform, digest }: Descriptor): readonly string[] {
  if (platform === undefined)
    return [`warning: ${name}: ${digest} has no platform: clients take it for any, or for none`];
  if (platform.architecture === 'arm' && platform.variant === undefined)
    return [`note: ${name}: ${digest} is ${formatPlatform(platform)} without a variant: it is taken for linux/arm/v7`];
  const normal = normalizePlatform(platform);
  if (platform.architecture === normal.architecture) return [];
  return [
    `warning: ${name}: ${digest} calls its platform ${formatPlatform(platform)}; clients look for ${formatPlatform(normal)}`,
  ];
}

function twice(name: string, images: readonly Descriptor[]): readonly string[] {
  const named = images.flatMap(({ platform, digest }) =>
    platform === undefined ? [] : [{ digest, platform: formatPlatformFull(normalizePlatform(platform)) }],
  );
  return [...Map.groupBy(named, ({ platform }) => platform)].flatMap(([platform, same]) =>
    same.length < 2
      ? []
      : [`warning: ${name} has ${platform} ${same.length} times: clients take the first, ${same[0]?.digest}`],
  );
}

function attestations(name: string, entries: readonly Descriptor[]): readonly string[] {
  const platforms = new Map(entries.map(({ digest, platform }) => [digest as string, platform] as const));
  const found = entries.filter(isAttestation);
  const [first] = found;
  if (first === undefined) return [];
  const subjects = found.map((entry) => entry.annotations?.['vnd.docker.reference.digest'] ?? '');
  const of = subjects.flatMap((digest) => {
    const platform = platforms.get(digest);
    return platform === undefined ? [] : [formatPlatform(platform)];
  });
  const orphans = subjects.filter((digest) => !platforms.has(digest)).length;
  const what =
    found.length === 1
      ? 'the entry unknown/unknown is an attestation'
      : `${found.length} entries unknown/unknown are attestations`;
  return [
    `note: ${name}: ${what} (provenance, SBOM)${of.length === 0 ? '' : ` of ${of.join(', ')}`}, no platform`,
    ...(orphans === 0
      ? []
      : [
          `warning: ${name}: ${found.length === 1 ? 'it belongs' : orphans === 1 ? 'one of them belongs' : `${orphans} of them belong`} to no image of this index`,
        ]),
  ];
}
