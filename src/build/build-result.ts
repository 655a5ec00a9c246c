import type { PlatformResult } from '../exporter/contract.ts';
import type { Exported } from '../exporter/run-output.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { BuildResult } from './request.ts';
import { MISSING_ANNOTATION, type MissingPlatform } from './tiers.ts';

/** What a build gives back, with the metadata that buildx writes for `--metadata-file`. */
export function buildResult(
  exported: readonly Exported[],
  results: readonly PlatformResult[],
  missing: readonly MissingPlatform[],
): BuildResult {
  const image = exported.find((output) => output.image !== undefined)?.image;
  const single = image?.manifests.length === 1 ? image.manifests[0] : undefined;
  const names = [...new Set(exported.flatMap((output) => output.names))];
  const named = [...new Set(exported.flatMap((output) => output.repositories ?? output.names))];
  const metadata = {
    ...(single === undefined ? {} : { 'containerimage.config.digest': single.config.digest }),
    ...(image === undefined
      ? {}
      : { 'containerimage.descriptor': image.root, 'containerimage.digest': image.root.digest }),
    ...(named.length === 0 ? {} : { 'image.name': named.join(',') }),
    ...(missing.length === 0 ? {} : { [MISSING_ANNOTATION]: missing.map(missingEntry) }),
  };
  return {
    ...(image === undefined ? {} : { image: image.root, imageId: single?.config.digest ?? image.root.digest }),
    platforms: results.map((result) => result.platform),
    missing,
    tags: names,
    metadata,
    outputs: exported.map(({ type, where }) => ({ type, where })),
  };
}

function missingEntry({ platform, error }: MissingPlatform) {
  return { platform: formatPlatform(platform), code: error.code, error: error.message };
}
