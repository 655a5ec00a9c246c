import { LIMITS } from '../util/limits.ts';
import type { Descriptor } from './descriptor.ts';
import { descriptorShape } from './descriptor-shape.ts';
import { type DocumentContext, documentKind, documentOf } from './document.ts';
import { array, checkShape, emptyListFor, literal, object, record, string } from './shape.ts';

/** OCI image spec, image-index.md; Docker's manifest list has the same shape. Unknown fields are kept. */
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

const indexShape = object(
  { schemaVersion: literal(2), manifests: array(descriptorShape, LIMITS.descriptors) },
  { mediaType: string, artifactType: string, subject: descriptorShape, annotations: record(string) },
);

/**
 * An image index or manifest list. Fails with MANIFEST_INVALID, with MANIFEST_MEDIA_TYPE when it is something else
 * than the descriptor says, and with MANIFEST_SCHEMA1.
 */
export function parseIndex(bytes: Uint8Array, descriptor: DocumentContext): ImageIndex {
  const value = documentOf(bytes, descriptor, 'index');
  emptyListFor(value, 'manifests');
  checkShape(value, indexShape, documentKind(descriptor));
  // The shape was checked just above.
  return value as unknown as ImageIndex;
}
