import { detectCompression, MAGIC_BYTES } from '../archive/compression.ts';
import { parseConfig, platformOf } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import { encodeJson } from '../oci/json.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { PolyarchError, messageOf } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { StagedArchive } from './images-load-archive.ts';

/** One image of a `docker save` archive, as a manifest that was made for it. */
export interface DockerImage {
  readonly manifest: Descriptor;
  readonly bytes: Uint8Array;
  readonly names: readonly string[];
}

interface Entry {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

const LAYER_TYPES = {
  uncompressed: MEDIA_TYPE.ociLayer,
  gzip: MEDIA_TYPE.ociLayerGzip,
  zstd: MEDIA_TYPE.ociLayerZstd,
} as const;

/**
 * The images of a `docker save` archive without an OCI index (manifest.json, moby image/spec v1.2). Configs and
 * layers stay byte for byte. Fails with ARCHIVE_INVALID and, for layers that are not those of the config, DIGEST_MISMATCH.
 */
export function dockerImages(archive: StagedArchive, json: Uint8Array): readonly DockerImage[] {
  return entries(json).map((entry) => dockerImage(archive, entry));
}

function dockerImage(archive: StagedArchive, { Config, RepoTags, Layers }: Entry): DockerImage {
  const file = (name: string) => {
    const found = archive.file(name);
    if (found === undefined)
      throw new PolyarchError(
        'ARCHIVE_INVALID',
        `manifest.json of the archive names ${JSON.stringify(name)}, which is not in it`,
      );
    return found;
  };
  const configFile = file(Config);
  const config = parseConfig(archive.bytes(configFile, LIMITS.configBytes), configFile);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== Layers.length) {
    throw new PolyarchError(
      'INVALID_IMAGE',
      `${Config} of the archive has ${diffIds.length} diff_ids for ${Layers.length} layers`,
    );
  }
  const layers = Layers.map((name, i): Descriptor => {
    const layer = file(name);
    const format = detectCompression(Buffer.from(archive.head(layer, MAGIC_BYTES)));
    if (format === 'xz' || format === 'bzip2')
      throw new PolyarchError('ARCHIVE_UNSUPPORTED', `the layer ${name} of the archive is compressed with ${format}`);
    if (format === 'uncompressed' && layer.digest !== diffIds[i]) {
      throw new PolyarchError(
        'DIGEST_MISMATCH',
        `the layer ${name} of the archive is ${layer.digest}, not ${diffIds[i]} as its config says`,
      );
    }
    return { mediaType: LAYER_TYPES[format], digest: layer.digest, size: layer.size };
  });
  const bytes = encodeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: configFile.digest, size: configFile.size },
    layers,
  });
  const platform = platformOf(config);
  const manifest = { mediaType: MEDIA_TYPE.ociManifest, digest: digestOf(bytes), size: bytes.length, platform };
  return { manifest, bytes, names: RepoTags };
}

function entries(json: Uint8Array): readonly Entry[] {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(json).toString());
  } catch (error) {
    throw new PolyarchError('ARCHIVE_INVALID', `manifest.json of the archive: ${messageOf(error)}`, { cause: error });
  }
  if (!Array.isArray(value) || value.length > LIMITS.descriptors)
    throw new PolyarchError('ARCHIVE_INVALID', 'manifest.json of the archive is not a list of images');
  return value.map((entry: unknown) => {
    if (!isEntry(entry))
      throw new PolyarchError('ARCHIVE_INVALID', 'manifest.json of the archive has an entry without Config or Layers');
    return { Config: entry.Config, Layers: entry.Layers, RepoTags: entry.RepoTags ?? [] };
  });
}

function isEntry(value: unknown): value is Omit<Entry, 'RepoTags'> & { RepoTags: readonly string[] | null } {
  if (typeof value !== 'object' || value === null || !('Config' in value) || !('Layers' in value)) return false;
  const tags = 'RepoTags' in value ? value.RepoTags : null;
  return typeof value.Config === 'string' && isStrings(value.Layers) && (tags === null || isStrings(tags));
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= LIMITS.descriptors && value.every((item) => typeof item === 'string');
}
