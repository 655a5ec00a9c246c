import { notFound } from '../content/not-found.ts';
import type { ImageTarget } from '../manifest/image-source.ts';
import { parseReference, repositoryName } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';
import type { Workspace } from './workspace.ts';

/** The local store as what images are copied to, under names of one repository. Fails with INVALID_REFERENCE for a digest. */
export function localTarget(workspace: Workspace, text: string): ImageTarget {
  const reference = parseReference(text);
  if (reference.digest !== undefined) {
    throw new PolyarchError('INVALID_REFERENCE', `local://${text}: an image of the local store is called NAME:TAG`);
  }
  const { content, store } = workspace.engine;
  const repository = repositoryName(reference);
  return {
    name: `local://${repository}`,
    exists: (descriptor) => content.exists(descriptor),
    fetch: (descriptor, options) => content.fetch(descriptor, options),
    push: (descriptor, bytes, options = {}) => content.push(descriptor, bytes, { signal: options.signal }),
    resolve: async (tag) => {
      const found = store.get(`${repository}:${tag}`);
      if (found === undefined) throw new PolyarchError('NOT_FOUND', `${repository}:${tag} is not in the local store`);
      return found.descriptor;
    },
    tag: async (descriptor, tag) => {
      if (!content.hasSync(descriptor)) throw notFound(descriptor, 'the local store');
      const { mediaType, digest, size } = descriptor;
      store.put(`${repository}:${tag}`, { mediaType, digest, size });
    },
    referrers: async () => [],
    async *tags() {
      for (const { name } of store.list()) {
        if (name.startsWith(`${repository}:`)) yield name.slice(repository.length + 1);
      }
    },
  };
}
