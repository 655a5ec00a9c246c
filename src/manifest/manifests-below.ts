import type { Abortable } from '../content/storage.ts';
import { hasSuccessors, successorsOf } from '../content/successors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { formatPlatformFull, isAttestation } from '../oci/platform.ts';
import { hasCode, PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { ManySources } from './many-sources.ts';
import { ofImage } from './of-image.ts';

/**
 * Every manifest and index of a graph, the root first: all are read, so that what is wrong shows before anything is
 * written. Fails with CHILD_MISSING, which lists what an index names that is gone, and as reading a manifest does.
 */
export async function manifestsBelow(
  root: Descriptor,
  many: ManySources,
  options: Abortable & { readonly name: string },
): Promise<readonly Descriptor[]> {
  const found = new Map<Digest, Descriptor>();
  const missing: Descriptor[] = [];
  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (found.has(descriptor.digest) || !hasSuccessors(descriptor.mediaType)) return;
    if (depth > LIMITS.indexDepth || found.size > LIMITS.descriptors)
      throw new PolyarchError('GRAPH_TOO_DEEP', `${options.name} has indexes in indexes beyond all measure`);
    found.set(descriptor.digest, descriptor);
    let content: Uint8Array;
    try {
      content = await many.bytes(descriptor, { signal: options.signal });
    } catch (error) {
      if (!hasCode(error, 'NOT_FOUND')) throw error;
      missing.push(descriptor);
      return;
    }
    const children = successorsOf(content, descriptor).filter(({ kind }) => kind === 'manifest');
    await Promise.all(children.map((child) => visit(child.descriptor, depth + 1)));
  };
  await ofImage(options.name, () => visit(root, 0));
  if (missing.length > 0) throw childMissing(options.name, missing);
  return [...found.values()];
}

/** What an index names, but its store does not have. */
export function childMissing(name: string, missing: readonly Descriptor[]): PolyarchError {
  const list = missing.map((child) => `${kindOf(child)} (${child.digest})`);
  return new PolyarchError('CHILD_MISSING', `${name} is not whole: it names ${list.join(', ')}, which is gone`, {
    hint: 'push or build that platform again; or leave it out: copy, pull and imagetools create take --platform with those that are there',
    details: { missing: missing.map(({ digest }) => digest) },
  });
}

function kindOf(child: Descriptor): string {
  if (isAttestation(child)) return 'an attestation';
  return child.platform === undefined ? 'a manifest' : formatPlatformFull(child.platform);
}
