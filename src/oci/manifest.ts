import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { Descriptor } from './descriptor.ts';
import { descriptorShape } from './descriptor-shape.ts';
import { type DocumentContext, documentKind, documentMediaType, documentOf } from './document.ts';
import { type ImageIndex, parseIndex } from './index.ts';
import { isIndex } from './media-types.ts';
import { array, checkShape, emptyListFor, literal, object, parseObject, record, string } from './shape.ts';

/** OCI image spec, manifest.md; Docker's schema 2 has the same shape. Unknown fields are kept. */
export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

const manifestShape = object(
  { schemaVersion: literal(2), config: descriptorShape, layers: array(descriptorShape, LIMITS.descriptors) },
  { mediaType: string, artifactType: string, subject: descriptorShape, annotations: record(string) },
);

/**
 * An image manifest. Fails with MANIFEST_INVALID, with MANIFEST_MEDIA_TYPE when it is something else than the
 * descriptor says, and with MANIFEST_SCHEMA1.
 */
export function parseManifest(bytes: Uint8Array, descriptor: DocumentContext): ImageManifest {
  const value = documentOf(bytes, descriptor, 'manifest');
  emptyListFor(value, 'layers');
  checkShape(value, manifestShape, documentKind(descriptor));
  // The shape was checked just above.
  return value as unknown as ImageManifest;
}

export type ManifestOrIndex =
  | { readonly kind: 'manifest'; readonly manifest: ImageManifest }
  | { readonly kind: 'index'; readonly index: ImageIndex };

/** Either of them, by the descriptor's media type. Fails as `parseManifest` and `parseIndex` do. */
export function parseManifestOrIndex(bytes: Uint8Array, descriptor: DocumentContext): ManifestOrIndex {
  return isIndex(descriptor.mediaType)
    ? { kind: 'index', index: parseIndex(bytes, descriptor) }
    : { kind: 'manifest', manifest: parseManifest(bytes, descriptor) };
}

/**
 * The media type that the bytes show, for a source that does not tell it (a file, a registry without
 * Content-Type). Fails with MANIFEST_INVALID when they are no manifest's.
 */
export function detectMediaType(bytes: Uint8Array, context: Partial<DocumentContext> = {}): string {
  const descriptor = { mediaType: '', ...context };
  const kind = documentKind(descriptor);
  const found = documentMediaType(parseObject(bytes, kind), descriptor);
  if (found !== undefined) return found;
  throw new PolyarchError('MANIFEST_INVALID', `${kind.name} has neither layers nor manifests`);
}
