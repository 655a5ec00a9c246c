import type { Abortable } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { ManySources } from './many-sources.ts';

/** The referrers of the manifests, and theirs in turn, at where each manifest came from; subjects before referrers. */
export async function collectReferrers(
  manifests: readonly Descriptor[],
  many: ManySources,
  options: Abortable = {},
): Promise<readonly Descriptor[]> {
  const found = new Map<Digest, Descriptor>();
  const ask = async (subject: Descriptor): Promise<readonly Descriptor[]> => {
    const owner = many.ownerOf(subject.digest);
    const referrers = (await owner?.referrers(subject.digest, options)) ?? [];
    const fresh = referrers.filter(({ digest }) => !found.has(digest));
    for (const referrer of fresh) {
      found.set(referrer.digest, referrer);
      if (owner !== undefined) many.own(referrer, owner);
    }
    return fresh;
  };
  let [first, ...others] = manifests;
  while (first !== undefined) {
    if (found.size > LIMITS.descriptors)
      throw new PolyarchError('GRAPH_TOO_LARGE', `more than ${LIMITS.descriptors} referrers of ${first.digest}`);
    // The first answer tells whether the registry has the API at all.
    const next = [await ask(first), ...(await Promise.all(others.map(ask)))].flat();
    [first, ...others] = next;
  }
  return [...found.values()];
}
