import { HUB_ARCHITECTURE } from '../dockerfile/cross-template.ts';
import type { ImageMetaResolver } from '../llb/metadata.ts';
import { formatPlatform } from '../oci/platform.ts';
import { familiarReference, formatReference, parseReference } from '../oci/reference.ts';
import { hasCode } from '../util/error.ts';

/**
 * Resolves images, and those of Docker Hub's users for one architecture (`arm64v8/alpine`) that cannot be had as the
 * platform's image of the multi-platform one (`alpine`), which is said.
 */
export function withMultiPlatformBases(
  resolver: ImageMetaResolver,
  { notice }: { notice: (text: string) => void },
): ImageMetaResolver {
  return {
    async resolveImageConfig(text, options) {
      try {
        return await resolver.resolveImageConfig(text, options);
      } catch (error) {
        const general = hasCode(error, 'NOT_FOUND', 'UNAUTHORIZED', 'DENIED', 'REGISTRY_UNREACHABLE')
          ? multiPlatformName(text)
          : undefined;
        if (general === undefined) throw error;
        const found = await resolver.resolveImageConfig(general, options).catch((second: unknown) => {
          throw hasCode(second, 'NO_MATCHING_PLATFORM') ? second : error;
        });
        const [asked, taken] = [text, general].map((name) => familiarReference(parseReference(name)));
        notice(`${asked} is not to be had: ${taken} for ${formatPlatform(options.platform)} is taken instead`);
        return found;
      }
    },
  };
}

/** `docker.io/arm64v8/alpine:3` → `docker.io/library/alpine:3` */
function multiPlatformName(text: string): string | undefined {
  if (text.startsWith('oci-layout://')) return undefined;
  const reference = parseReference(text);
  const [user = '', name = '', ...rest] = reference.path.split('/');
  if (reference.domain !== 'docker.io' || rest.length > 0 || name === '' || !HUB_ARCHITECTURE.test(user))
    return undefined;
  return formatReference({ ...reference, path: `library/${name}` });
}
