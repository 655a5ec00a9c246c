import { Readable } from 'node:stream';
import type { Abortable, Fetcher } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Image } from './image.ts';

/** An image's bytes: what was made here from memory, layers from where they lie. */
export function imageSource(image: Image, layers: Fetcher): Fetcher {
  const made = new Map(image.made.map((blob) => [blob.descriptor.digest, blob.bytes]));
  return {
    async fetch(descriptor: Descriptor, options?: Abortable): Promise<Readable> {
      const bytes = made.get(descriptor.digest);
      return bytes === undefined ? layers.fetch(descriptor, options) : Readable.from([bytes], { objectMode: false });
    },
  };
}
