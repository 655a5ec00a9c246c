/** Media types of images: OCI image spec media-types.md, and Docker's image manifest v2 schema 2. */
export const MEDIA_TYPE = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  ociForeignLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
  ociForeignLayerGzip: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  ociForeignLayerZstd: 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerPluginConfig: 'application/vnd.docker.plugin.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar',
  dockerForeignLayerGzip: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerSchema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  inToto: 'application/vnd.in-toto+json',
} as const;

/** What a client that resolves a tag says it takes, best first. */
export const MANIFEST_ACCEPT: readonly string[] = [
  MEDIA_TYPE.ociIndex,
  MEDIA_TYPE.dockerIndex,
  MEDIA_TYPE.ociManifest,
  MEDIA_TYPE.dockerManifest,
];

/** An OCI image index or a Docker manifest list. */
export function isIndex(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.ociIndex || mediaType === MEDIA_TYPE.dockerIndex;
}

/** An OCI image manifest or a Docker schema 2 manifest. */
export function isManifest(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.ociManifest || mediaType === MEDIA_TYPE.dockerManifest;
}

/** A Docker schema 1 manifest, signed or not. */
export function isSchema1(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.dockerSchema1 || mediaType === MEDIA_TYPE.dockerSchema1Signed;
}

const LAYER =
  /^application\/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1\.tar(?:\+(?:gzip|zstd))?|docker\.image\.rootfs(?:\.foreign)?\.diff\.tar(?:[.+](?:gzip|zstd))?)$/;

/** A layer of a root filesystem, foreign ones too. */
export function isLayer(mediaType: string): boolean {
  return LAYER.test(mediaType);
}

/** A layer that registries need not hold (OCI "nondistributable", Docker "foreign"); its bytes are behind `urls`. */
export function isForeignLayer(mediaType: string): boolean {
  return isLayer(mediaType) && /nondistributable|foreign/.test(mediaType);
}

export type LayerCompression = 'gzip' | 'zstd' | 'uncompressed';

/** How a layer of this media type is packed; undefined when it is no layer. */
export function compressionOf(mediaType: string): LayerCompression | undefined {
  if (!isLayer(mediaType)) return undefined;
  if (mediaType.endsWith('gzip')) return 'gzip';
  return mediaType.endsWith('zstd') ? 'zstd' : 'uncompressed';
}

/** The media type of a distributable layer that is packed so. */
export function layerMediaType(compression: LayerCompression, options: { docker?: boolean } = {}): string {
  const docker = options.docker === true;
  switch (compression) {
    case 'gzip':
      return docker ? MEDIA_TYPE.dockerLayerGzip : MEDIA_TYPE.ociLayerGzip;
    case 'zstd':
      return docker ? MEDIA_TYPE.dockerLayerZstd : MEDIA_TYPE.ociLayerZstd;
    case 'uncompressed':
      return docker ? MEDIA_TYPE.dockerLayer : MEDIA_TYPE.ociLayer;
  }
}
