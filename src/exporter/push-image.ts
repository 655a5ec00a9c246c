import { type CopyProgress, copyGraph } from '../content/copy-graph.ts';
import { fetchBytes } from '../content/fetch-bytes.ts';
import type { Abortable, Fetcher, Storage } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseReference, repositoryName } from '../oci/reference.ts';
import type { Repository } from '../registry/repository.ts';
import { repositoryScope } from '../registry/scope.ts';
import type { Image } from './image.ts';
import { imageSource } from './image-source.ts';
import type { ExportContext } from './run-output.ts';

/** Pushes an image to every repository that the references name: children first, the tags last, when all of it is there. */
export async function pushImage(
  image: Image,
  names: readonly string[],
  options: { byDigest: boolean; insecure: boolean },
  context: ExportContext,
): Promise<void> {
  const source = imageSource(image, context.layers);
  await pushGraph(
    source,
    image.root,
    names,
    { ...options, origin: (layer) => context.layers.origin(layer), mountable: image.layers },
    context,
  );
}

/** What pushing needs of its surroundings. */
export type PushContext = Pick<ExportContext, 'registry' | 'step' | 'signal'>;

export interface PushGraphOptions {
  /** Set no tag. */
  readonly byDigest: boolean;
  readonly insecure: boolean;
  /** The repository that a blob is known from, for a mount within one registry. */
  readonly origin: (descriptor: Descriptor) => string | undefined;
  readonly mountable: readonly Descriptor[];
  readonly onProgress?: (event: CopyProgress) => void;
}

/** Copies a graph to the repositories of references, then tags it. */
export async function pushGraph(
  source: Fetcher,
  root: Descriptor,
  names: readonly string[],
  options: PushGraphOptions,
  context: PushContext,
): Promise<void> {
  const references = names.map((name) => parseReference(name));
  const client = await context.registry({ insecure: options.insecure ? references.map(({ domain }) => domain) : [] });
  const abortable = { signal: context.signal };
  const repositories = Map.groupBy(references, (reference) => repositoryName(reference));
  const done = [...repositories].map(async ([name, tags]) => {
    const first = tags[0];
    if (first === undefined) return;
    const origins = new Map<string, string>();
    for (const layer of options.mountable) {
      const from = options.origin(layer);
      const repository = from === undefined ? undefined : parseReference(from);
      if (repository !== undefined && repository.domain === first.domain && repository.path !== first.path)
        origins.set(layer.digest, repository.path);
    }
    const repository = client.repository(first, {
      actions: ['pull', 'push'],
      scopes: [...new Set(origins.values())].map((path) => repositoryScope(path, 'pull')),
    });
    await context.step(`pushing layers and manifests to ${name}`, () =>
      copyGraph({ source, target: reopening(repository, source) }, root, {
        ...abortable,
        ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
        mount: async (descriptor, opts) => {
          const from = origins.get(descriptor.digest);
          return from !== undefined && (await repository.mount(descriptor, from, opts));
        },
      }),
    );
    return { repository, tags };
  });
  // No tag moves anywhere before everything is everywhere.
  const ready = await Promise.all(done);
  if (options.byDigest) return;
  // From the source: a registry that had the image already would have to be asked for it.
  const manifest = await fetchBytes(source, root, abortable);
  for (const pushed of ready) {
    for (const reference of pushed?.tags ?? []) {
      const tag = reference.tag ?? 'latest';
      await context.step(`pushing manifest for ${repositoryName(reference)}:${tag}@${root.digest}`, async () =>
        pushed?.repository.pushManifest({ descriptor: root, content: manifest }, tag, abortable),
      );
    }
  }
}

/** The repository as a target that can ask for a blob from its start again, so that large ones need no memory. */
function reopening(repository: Repository, source: Fetcher): Storage {
  return {
    closed: repository.closed,
    exists: (descriptor, options) => repository.exists(descriptor, options),
    fetch: (descriptor, options) => repository.fetch(descriptor, options),
    push: (descriptor, content, options: Abortable = {}) =>
      repository.push(descriptor, content, { ...options, reopen: () => source.fetch(descriptor, options) }),
  };
}
