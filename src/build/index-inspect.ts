import {
  diagnoseIndex,
  interpretRoot,
  inspectPlatforms,
  type InspectedPlatform,
  type InspectedRoot,
} from '../manifest/inspect-image.ts';
import { formatLocation } from '../manifest/location.ts';
import { ofImage } from '../manifest/of-image.ts';
import { readRoot } from '../manifest/read-root.ts';
import { parseIndex } from '../oci/index.ts';
import type { ImagePlaces } from './image-places.ts';

export type { InspectedRoot } from '../manifest/inspect-image.ts';

export interface Inspected {
  /** In full, with its tag. */
  readonly name: string;
  /** An entry's name in full. */
  entryName(digest: string): string;
  readonly root: InspectedRoot;
  /** What is odd about it. */
  diagnose(): Promise<readonly string[]>;
  /** The data of buildx's templates; `attestations` reads provenance and SBOM too. */
  template(options: { readonly images: boolean; readonly attestations: boolean }): Promise<TemplateData>;
}

/** buildx's names. For several platforms the latter three are by platform. */
export interface TemplateData {
  readonly name: string;
  readonly manifest: object;
  readonly image?: unknown;
  readonly provenance?: unknown;
  readonly sbom?: unknown;
}

/** The bytes of an image's root, of whatever type they are. */
export async function rawImage(
  places: ImagePlaces,
  text: string,
  options: { signal?: AbortSignal },
): Promise<Uint8Array> {
  const { source, reference } = await places.source(places.parse(text));
  return (await readRoot(source, reference, options)).content;
}

/** An image where it is. Fails with NOT_FOUND, MANIFEST_SCHEMA1 and MANIFEST_MEDIA_TYPE. */
export async function inspectImage(
  places: ImagePlaces,
  text: string,
  options: { signal?: AbortSignal },
): Promise<Inspected> {
  const location = places.parse(text);
  const { source, reference } = await places.source(location);
  const name = formatLocation(location);
  const root = await ofImage(name, async () => interpretRoot(await readRoot(source, reference, options)));
  return {
    name,
    entryName: (digest) => `${name.replace(/@[^@/]*$/, '')}@${digest}`,
    root,
    diagnose: () => diagnoseIndex(root, { name, source, ...options }),
    template: async ({ images, attestations }) => {
      const platforms =
        images || attestations ? await inspectPlatforms(root, source, { attestations, ...options }) : [];
      return templateData(text, root, platforms);
    },
  };
}

function templateData(name: string, root: InspectedRoot, platforms: readonly InspectedPlatform[]): TemplateData {
  const { mediaType, digest, size } = root.descriptor;
  const index = root.entries === undefined ? undefined : parseIndex(root.content, root.descriptor);
  const manifest =
    index === undefined
      ? { mediaType, digest, size }
      : {
          schemaVersion: 2,
          mediaType,
          digest,
          size,
          manifests: index.manifests,
          ...(index.annotations === undefined ? {} : { annotations: index.annotations }),
        };
  const by = (pick: (platform: InspectedPlatform) => unknown): unknown => {
    if (platforms.length < 2) return platforms[0] === undefined ? undefined : pick(platforms[0]);
    return Object.fromEntries(
      platforms.flatMap((one) => {
        const value = pick(one);
        return value === undefined ? [] : [[one.platform, value]];
      }),
    );
  };
  return {
    name,
    manifest,
    image: by(({ config }) => config),
    provenance: by((one) => one.provenance),
    sbom: by(({ sbom }) => sbom),
  };
}
