import { withEntry } from '../content/layout-names.ts';
import type { Abortable, Fetcher } from '../content/storage.ts';
import { writeTar } from '../archive/writer.ts';
import type { TarInput } from '../archive/writer.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { hexOf } from '../oci/digest.ts';
import type { ImageIndex } from '../oci/index.ts';
import { encodeJson } from '../oci/json.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { type Platform, formatPlatform } from '../oci/platform.ts';
import { familiarReference, formatReference, parseReference } from '../oci/reference.ts';

/** One image of an archive: its root, and each platform's manifest with what it names. */
export interface ArchivedImage {
  readonly root: Descriptor;
  /** Everything below the root, and the root itself. */
  readonly blobs: readonly Descriptor[];
  readonly manifests: readonly {
    readonly platform: Platform;
    readonly config: Descriptor;
    readonly layers: readonly Descriptor[];
  }[];
  /** Normalised references; without `docker` bare tags too. */
  readonly names: readonly string[];
}

/**
 * An OCI image layout as a tar (OCI image spec, image-layout.md). With `docker`, also the manifest.json
 * of `docker save`, so that every Docker loads it: one that knows no indexes gets the image of each
 * platform, and with several of them a tag with the platform's name behind it (`app:1-arm64`).
 */
export async function* imageArchive(
  images: readonly ArchivedImage[],
  source: Fetcher,
  options: { docker: boolean; signal?: AbortSignal },
): AsyncGenerator<Buffer> {
  const abortable: Abortable = { signal: options.signal };
  async function* members(): AsyncGenerator<TarInput> {
    yield file('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
    yield { entry: { path: 'blobs/', type: 'directory' } };
    yield { entry: { path: 'blobs/sha256/', type: 'directory' } };
    const blobs = new Map(images.flatMap((image) => image.blobs).map((blob) => [blob.digest, blob]));
    for (const blob of [...blobs.values()].toSorted((a, b) => (a.digest < b.digest ? -1 : 1))) {
      yield {
        entry: { path: blobPath(blob), type: 'file', size: blob.size },
        body: await source.fetch(blob, abortable),
      };
    }
    yield file('index.json', encodeJson(layoutIndex(images)));
    if (options.docker) yield file('manifest.json', Buffer.from(JSON.stringify(images.flatMap(dockerManifest))));
  }
  yield* writeTar(members(), abortable);
}

function file(path: string, body: Uint8Array): TarInput {
  return { entry: { path, type: 'file', size: body.length }, body };
}

function blobPath(descriptor: Descriptor): string {
  return `blobs/sha256/${hexOf(descriptor.digest)}`;
}

/** One entry for each name; an image without one has an entry all the same. */
function layoutIndex(images: readonly ArchivedImage[]): object {
  const empty: ImageIndex = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [] };
  return images.reduce(
    (index, { root, names }) =>
      (names.length === 0 ? [undefined] : names).reduce((so, name) => withEntry(so, root, name), index),
    empty,
  );
}

/** `docker save`'s manifest.json (moby image/spec v1.2). */
function dockerManifest({ manifests, names }: ArchivedImage): object[] {
  return manifests.map(({ platform, config, layers }) => {
    const suffix =
      manifests.length > 1
        ? `-${formatPlatform(platform)
            .replace(/^linux\//, '')
            .replaceAll('/', '')}`
        : '';
    return {
      Config: blobPath(config),
      RepoTags: names.map((name) => `${familiarReference(parseReference(name))}${suffix}`),
      Layers: layers.map((layer) => blobPath(layer)),
    };
  });
}

/** The name as an archive has it: in full, with a tag. */
export function archiveName(name: string): string {
  return formatReference(parseReference(name));
}
