import { fetchBytes } from '../content/fetch-bytes.ts';
import type { Abortable } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { ImageSource } from './image-source.ts';

/** A manifest or index with its bytes. */
export interface ManifestBytes {
  readonly descriptor: Descriptor;
  readonly content: Uint8Array;
}

/** What a tag or digest is at, of whatever type it is, in as few requests as the source allows. Fails with NOT_FOUND. */
export async function readRoot(
  source: ImageSource,
  reference: string,
  options: Abortable = {},
): Promise<ManifestBytes> {
  if (source.fetchManifest !== undefined) return source.fetchManifest(reference, options);
  const descriptor = await source.resolve(reference, options);
  return { descriptor, content: await fetchBytes(source, descriptor, options) };
}
