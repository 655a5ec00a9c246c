import type { StoredImage } from '../content/image-store.ts';
import { parseReference } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';
import type { LocalStore } from './local-store.ts';

/** Gives a local image another name, with all its platforms. Fails with IMAGE_NOT_FOUND and INVALID_REFERENCE. */
export function tagImage({ store }: LocalStore, source: string, target: string): StoredImage {
  if (parseReference(target).digest !== undefined) {
    throw new PolyarchError('INVALID_REFERENCE', `${target}: a tag cannot be given to a digest`, {
      hint: 'write NAME:TAG',
    });
  }
  return store.put(target, store.resolve(source).descriptor);
}
