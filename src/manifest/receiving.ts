import type { Abortable, Fetcher, Storage } from '../content/storage.ts';
import { isIndex } from '../oci/media-types.ts';
import { RegistryFailure } from '../registry/failure.ts';
import type { ImageTarget } from './image-source.ts';

/** Answers of registries that hold image manifests, but no index. */
const REFUSALS = new Set([400, 404, 405, 406, 415, 422, 501]);

/**
 * The target as one that can ask for a blob from its start again, so that large ones need no memory, and that says so when
 * it holds no indexes (INDEX_REFUSED): its children are there by then, only the index is not taken.
 */
export function receiving(target: ImageTarget, source: Fetcher): Storage {
  return {
    ...(target.closed === undefined ? {} : { closed: target.closed }),
    exists: (descriptor, options) => target.exists(descriptor, options),
    fetch: (descriptor, options) => target.fetch(descriptor, options),
    push: async (descriptor, content, options: Abortable = {}) => {
      try {
        await target.push(descriptor, content, { ...options, reopen: () => source.fetch(descriptor, options) });
      } catch (error) {
        const refused = error instanceof RegistryFailure && error.status !== undefined && REFUSALS.has(error.status);
        if (!refused || !isIndex(descriptor.mediaType)) throw error;
        throw new RegistryFailure(
          'INDEX_REFUSED',
          `${target.name} took every image, but not the index over them: ${error.message}`,
          {
            hint: `The registry may hold no indexes of type ${descriptor.mediaType}: push single platforms, or use another registry.`,
            cause: error,
            status: error.status,
          },
        );
      }
    },
  };
}
