import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { Descriptor } from './descriptor.ts';
import { isIndex, isManifest, isSchema1, MEDIA_TYPE } from './media-types.ts';
import { type DocumentKind, parseObject } from './shape.ts';

/** The descriptor by which a manifest or index was found, as far as it is known. */
export type DocumentContext = Pick<Descriptor, 'mediaType'> & Partial<Pick<Descriptor, 'digest'>>;

/** For messages. */
export function documentKind(descriptor: DocumentContext): DocumentKind {
  const noun = isIndex(descriptor.mediaType) ? 'image index' : 'manifest';
  return {
    name: descriptor.digest === undefined ? `the ${noun}` : `${noun} ${descriptor.digest}`,
    code: 'MANIFEST_INVALID',
    maxBytes: LIMITS.manifestBytes,
  };
}

/**
 * The media type that a manifest's own bytes show: its `mediaType` field, else what its fields make it.
 * Undefined when they are no manifest's. A document that is both a manifest and an index fails (as in
 * containerd: two clients would read two images).
 */
export function documentMediaType(
  value: Readonly<Record<string, unknown>>,
  descriptor: DocumentContext,
): string | undefined {
  const single = Array.isArray(value['layers']) || (typeof value['config'] === 'object' && value['config'] !== null);
  const several = Array.isArray(value['manifests']);
  if (value['schemaVersion'] === 1 || Array.isArray(value['fsLayers'])) return MEDIA_TYPE.dockerSchema1;
  if (single && several) {
    throw new PolyarchError('MANIFEST_INVALID', `${documentKind(descriptor).name} is both a manifest and an index`, {
      hint: 'such an image means different things to different tools; do not use it',
    });
  }
  const said = value['mediaType'];
  if (typeof said === 'string' && said !== '') return said;
  if (several) return MEDIA_TYPE.ociIndex;
  return single ? MEDIA_TYPE.ociManifest : undefined;
}

/** The document as JSON, once its media type is known to be the descriptor's and of the wanted kind. */
export function documentOf(
  bytes: Uint8Array,
  descriptor: DocumentContext,
  wanted: 'manifest' | 'index',
): Record<string, unknown> {
  const kind = documentKind(descriptor);
  if (isSchema1(descriptor.mediaType)) throw schema1(kind.name);
  const value = parseObject(bytes, kind);
  const found = documentMediaType(value, descriptor);
  if (found !== undefined && isSchema1(found)) throw schema1(kind.name);
  if (found !== undefined && typeof value['mediaType'] === 'string' && found !== descriptor.mediaType) {
    throw mediaTypeError(`${kind.name} calls itself ${found}, but its descriptor says ${descriptor.mediaType}`);
  }
  const fits = wanted === 'index' ? isIndex : isManifest;
  if (!fits(descriptor.mediaType)) {
    throw mediaTypeError(`${kind.name} is of type ${descriptor.mediaType}, which is no image ${wanted}`);
  }
  if (found !== undefined && (wanted === 'index') !== isIndex(found)) {
    throw mediaTypeError(
      `${kind.name} has the content of an ${isIndex(found) ? 'index' : 'image manifest'}, but its descriptor says ${descriptor.mediaType}`,
    );
  }
  return value;
}

function mediaTypeError(message: string): PolyarchError {
  return new PolyarchError('MANIFEST_MEDIA_TYPE', message, {
    hint: 'the image was pushed wrongly, or the registry sends a wrong Content-Type; push it again',
  });
}

function schema1(name: string): PolyarchError {
  return new PolyarchError(
    'MANIFEST_SCHEMA1',
    `${name} is a Docker schema 1 manifest, which nothing has written since 2017`,
    {
      hint: 'convert it on a machine that has skopeo: skopeo copy --format=v2s2 docker://IMAGE docker://IMAGE-NEW',
    },
  );
}
