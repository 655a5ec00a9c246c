import { copyGraph, type CopyProgress } from '../content/copy-graph.ts';
import { fetchBytes } from '../content/fetch-bytes.ts';
import type { StoredImage } from '../content/image-store.ts';
import { platformFilter } from '../content/platform-filter.ts';
import { askChildren } from '../manifest/inspect-image.ts';
import { childMissing } from '../manifest/manifests-below.ts';
import { ofImage } from '../manifest/of-image.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseIndex } from '../oci/index.ts';
import { isIndex } from '../oci/media-types.ts';
import type { Platform } from '../oci/platform.ts';
import { formatReference, parseReference, repositoryName } from '../oci/reference.ts';
import { hasCode } from '../util/error.ts';
import type { Workspace } from './workspace.ts';

export interface PullOptions {
  /** Those of an index that are fetched; empty: all. The index itself is kept as it is. */
  readonly platforms: readonly Platform[];
  readonly onProgress?: (event: CopyProgress) => void;
  readonly signal?: AbortSignal;
}

export interface Pulled {
  readonly image: StoredImage;
  /** Whether any of it was not here before. */
  readonly changed: boolean;
}

/** Fetches an image into the local store under its name. Fails with NOT_FOUND, CHILD_MISSING, NO_MATCHING_PLATFORM and the registry's errors; the name moves last. */
export async function pullImage(workspace: Workspace, name: string, options: PullOptions): Promise<Pulled> {
  const { engine } = workspace;
  const { content } = engine;
  const abortable = { signal: options.signal };
  const reference = parseReference(name);
  const full = formatReference(reference);
  const client = await workspace.registry();
  const repository = client.repository(reference);
  const root = await repository.resolve(reference.digest ?? reference.tag ?? 'latest', abortable);
  const filter =
    options.platforms.length === 0
      ? undefined
      : await platformFilter(repository, root, { image: full, platforms: options.platforms, ...abortable });
  const found: Descriptor[] = [];
  let fetched = false;
  try {
    await ofImage(full, () =>
      copyGraph({ source: repository, target: content }, root, {
        ...abortable,
        ...(filter === undefined ? {} : { filter }),
        after: (descriptor) => void found.push(descriptor),
        onProgress: (event) => {
          if (event.kind === 'done') fetched = true;
          options.onProgress?.(event);
        },
      }),
    );
  } catch (error) {
    if (!hasCode(error, 'NOT_FOUND') || !isIndex(root.mediaType)) throw error;
    const index = parseIndex(await fetchBytes(repository, root, abortable), root);
    const { missing } = await askChildren(index.manifests, repository, abortable);
    throw missing.length === 0 ? error : childMissing(full, missing);
  }
  engine.images.noteOrigins(repositoryName(reference), found);
  const before = engine.store.get(full);
  const image = engine.store.put(full, root);
  return { image, changed: fetched || before?.descriptor.digest !== root.digest };
}
