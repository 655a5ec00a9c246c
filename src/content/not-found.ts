import type { Descriptor } from '../oci/descriptor.ts';
import { PolyarchError } from '../util/error.ts';

/** The NOT_FOUND error of a store for a blob or manifest; `place` names the store. */
export function notFound(descriptor: Pick<Descriptor, 'digest'> & Partial<Descriptor>, place: string): PolyarchError {
  const type = descriptor.mediaType === undefined ? '' : ` (${descriptor.mediaType})`;
  return new PolyarchError('NOT_FOUND', `${descriptor.digest}${type} is not in ${place}`, {
    details: { digest: descriptor.digest, place },
  });
}
