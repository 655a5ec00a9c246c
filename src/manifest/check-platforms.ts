import { formatPlatformFull, isAttestation, normalizePlatform, type Platform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import type { SourceImage } from './source-image.ts';

/**
 * Each platform once, and those that are promised, neither more nor fewer; nothing promised means any. One image given
 * twice is one. Fails with MERGE_PLATFORMS, which lists all that is wrong.
 */
export function checkPlatforms(sources: readonly SourceImage[], promised: readonly Platform[]): void {
  const images = sources.flatMap(({ name, entries }) =>
    entries
      .filter((entry) => !isAttestation(entry))
      .map(({ platform, digest }) => ({
        name,
        digest,
        platform: platform === undefined ? 'unknown' : nameOf(platform),
      })),
  );
  const byPlatform = Map.groupBy(images, ({ platform }) => platform);
  const wanted = new Set(promised.map(nameOf));
  const wrong = [
    ...[...wanted].filter((platform) => !byPlatform.has(platform)).map((platform) => `${platform} is missing`),
    ...[...byPlatform].flatMap(([platform, same]) =>
      new Set(same.map(({ digest }) => digest)).size < 2
        ? []
        : [`${platform} comes ${same.length} times: ${same.map(({ name }) => name).join(', ')}`],
    ),
    ...[...byPlatform].flatMap(([platform, [first]]) =>
      wanted.size === 0 || wanted.has(platform) ? [] : [`${platform} was not promised: ${first?.name}`],
    ),
  ];
  if (wrong.length === 0) return;
  throw new PolyarchError('MERGE_PLATFORMS', `the results do not fit together: ${wrong.join('; ')}`, {
    hint: 'no tag was moved; look at the jobs that built these, or change --platform',
    details: { wrong },
  });
}

function nameOf(platform: Platform): string {
  return formatPlatformFull(normalizePlatform(platform));
}
