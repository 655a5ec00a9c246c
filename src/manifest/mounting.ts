import type { Abortable } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { RegistryFailure } from '../registry/failure.ts';
import { debug } from '../util/debug.ts';
import type { ImageTarget } from './image-source.ts';

/**
 * A `mount` for `copyGraph`: has the target take a blob over from a repository that is known to have it. False when it
 * refuses, and be it for want of a right to read there; the blob is sent then.
 */
export function mounting(
  target: ImageTarget,
  origins: (descriptor: Descriptor) => readonly string[] | Promise<readonly string[]>,
): (descriptor: Descriptor, options: Abortable) => Promise<boolean> {
  return async (descriptor, options) => {
    if (target.mount === undefined) return false;
    const from = (await origins(descriptor)).find((path) => path !== target.path);
    if (from === undefined) return false;
    try {
      return await target.mount(descriptor, from, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof RegistryFailure) || error.transient) throw error;
      debug('registry', () => `${descriptor.digest} is not mounted from ${from}: ${error.message}`);
      return false;
    }
  };
}

/** The path of a repository in the target's registry, from its name in full; nothing for one of another registry. */
export function pathInRegistry(name: string, { domain }: Pick<ImageTarget, 'domain'>): readonly string[] {
  return domain !== undefined && name.startsWith(`${domain}/`) ? [name.slice(domain.length + 1)] : [];
}
