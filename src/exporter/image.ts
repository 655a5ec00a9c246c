import type { ImageConfig } from '../oci/config.ts';
import { type Descriptor, descriptorOf } from '../oci/descriptor.ts';
import { encodeJson } from '../oci/json.ts';
import { MEDIA_TYPE, compressionOf, isForeignLayer, layerMediaType } from '../oci/media-types.ts';
import type { Platform } from '../oci/platform.ts';
import { annotationsFor, parseAnnotations } from './annotations.ts';
import type { LayerService, PackOptions, PackedLayer, PlatformResult } from './contract.ts';
import { completeHistory, timeText } from './history.ts';
import type { ImageFormat } from './output-spec.ts';

/** A small blob made here: a config, manifest or index. */
export interface MadeBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** An image ready to be copied anywhere: its made blobs, children first, and the layers they name. */
export interface Image {
  /** The index, or the manifest when there is one platform. */
  readonly root: Descriptor;
  readonly made: readonly MadeBlob[];
  readonly layers: readonly Descriptor[];
  readonly manifests: readonly {
    readonly platform: Platform;
    readonly manifest: Descriptor;
    readonly config: Descriptor;
    readonly layers: readonly Descriptor[];
  }[];
}

export interface ImageOptions {
  readonly format: ImageFormat;
  /** Of the whole build, besides the output's own. */
  readonly annotations: readonly string[];
  /** Seconds since the epoch (SOURCE_DATE_EPOCH). */
  readonly sourceDateEpoch?: number;
  /** Ms since the epoch. */
  readonly now: number;
  /** Make an index for one platform too. */
  readonly alwaysIndex?: boolean;
  readonly signal?: AbortSignal;
}

/** How an image's layers are packed. */
export function packOptions({
  format,
  sourceDateEpoch,
  signal,
}: Pick<ImageOptions, 'format' | 'sourceDateEpoch' | 'signal'>): PackOptions {
  return {
    compression: format.compression,
    forceCompression: format.forceCompression,
    ...(format.rewriteTimestamp && sourceDateEpoch !== undefined ? { clampMtime: sourceDateEpoch } : {}),
    signal,
  };
}

/** Packs the layers of every platform and makes its config and manifest, and an index over several. */
export async function makeImage(
  results: readonly PlatformResult[],
  layers: LayerService,
  options: ImageOptions,
): Promise<Image> {
  const annotations = parseAnnotations([...options.annotations, ...options.format.annotations]);
  const pack = packOptions(options);
  const docker = !options.format.ociMediaTypes;
  const manifests = await Promise.all(
    results.map(async (result) => {
      const packed = await layers.pack(result.layers, pack);
      const config = jsonBlob(
        docker ? MEDIA_TYPE.dockerConfig : MEDIA_TYPE.ociConfig,
        imageConfig(result, packed, options),
      );
      const mediaType = docker ? MEDIA_TYPE.dockerManifest : MEDIA_TYPE.ociManifest;
      const descriptors = packed.map((layer) => layerDescriptor(layer.descriptor, docker));
      const manifest = jsonBlob(mediaType, {
        schemaVersion: 2,
        mediaType,
        config: config.descriptor,
        layers: descriptors,
        annotations: annotationsFor(annotations, 'manifest', result.platform),
      });
      return { platform: result.platform, manifest, config, layers: descriptors };
    }),
  );
  const single =
    manifests.length === 1 && options.alwaysIndex !== true && !annotations.some((a) => a.level.startsWith('index'))
      ? manifests[0]
      : undefined;
  const index = jsonBlob(docker ? MEDIA_TYPE.dockerIndex : MEDIA_TYPE.ociIndex, {
    schemaVersion: 2,
    mediaType: docker ? MEDIA_TYPE.dockerIndex : MEDIA_TYPE.ociIndex,
    manifests: manifests.map(({ manifest, platform }) => ({
      ...manifest.descriptor,
      annotations: annotationsFor(annotations, 'manifest-descriptor', platform),
      platform: platformJson(platform),
    })),
    annotations: annotationsFor(annotations, 'index'),
  });
  const descriptorAnnotations = annotationsFor(annotations, 'index-descriptor');
  const root = single === undefined ? index.descriptor : single.manifest.descriptor;
  return {
    root: descriptorAnnotations === undefined ? root : { ...root, annotations: descriptorAnnotations },
    made: [
      ...manifests.flatMap(({ config, manifest }) => [config, manifest]),
      ...(single === undefined ? [index] : []),
    ],
    layers: [...new Map(manifests.flatMap((m) => m.layers).map((layer) => [layer.digest, layer])).values()],
    manifests: manifests.map((m) => ({
      platform: m.platform,
      manifest: m.manifest.descriptor,
      config: m.config.descriptor,
      layers: m.layers,
    })),
  };
}

/** The config with the layers' diffIDs, a full history, and the platform it is for. */
function imageConfig(result: PlatformResult, packed: readonly PackedLayer[], options: ImageOptions): ImageConfig {
  const epoch = options.sourceDateEpoch === undefined ? undefined : options.sourceDateEpoch * 1000;
  const history = completeHistory(result.config.history ?? [], result.layers, {
    now: options.now,
    ...(epoch === undefined ? {} : { epoch }),
  });
  const timeless = result.layers.length === 0 && epoch === undefined;
  const created = history.at(-1)?.created ?? (timeless ? undefined : timeText(epoch ?? options.now));
  return {
    ...result.config,
    ...platformJson(result.platform),
    ...(created === undefined ? {} : { created }),
    rootfs: { type: 'layers', diff_ids: packed.map((layer) => layer.diffId) },
    history,
  };
}

/** The layer as this family of media types names it; what a base image said of it otherwise stays behind. */
function layerDescriptor(layer: Descriptor, docker: boolean): Descriptor {
  const compression = compressionOf(layer.mediaType);
  if (compression === undefined || isForeignLayer(layer.mediaType)) return layer;
  return { mediaType: layerMediaType(compression, { docker }), digest: layer.digest, size: layer.size };
}

const DEFAULT_VARIANTS: Readonly<Record<string, string>> = { arm: 'v7', arm64: 'v8' };

/** With the variant that a platform has when it names none, so that every client finds its own (`arm64` is `arm64/v8`). */
function platformJson(platform: Platform): Platform {
  const { architecture, os } = platform;
  const variant = platform.variant ?? DEFAULT_VARIANTS[architecture];
  return {
    architecture,
    os,
    ...(platform['os.version'] === undefined ? {} : { 'os.version': platform['os.version'] }),
    ...(platform['os.features'] === undefined ? {} : { 'os.features': platform['os.features'] }),
    ...(variant === undefined ? {} : { variant }),
  };
}

function jsonBlob(mediaType: string, value: object): MadeBlob {
  const bytes = encodeJson(value);
  return { descriptor: descriptorOf(bytes, { mediaType }), bytes };
}
