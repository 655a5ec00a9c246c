import { type CopyProgress, copyGraph } from '../content/copy-graph.ts';
import { fetchBytes } from '../content/fetch-bytes.ts';
import type { Abortable, Fetcher, Storage } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseReference, type Reference, repositoryName } from '../oci/reference.ts';
import { RegistryFailure } from '../registry/failure.ts';
import type { Repository } from '../registry/repository.ts';
import { debug } from '../util/debug.ts';
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
  const { layers } = context;
  const origins = (layer: Descriptor): readonly string[] => layers.origins(layer);
  const graph = { ...options, origins, mountable: image.layers };
  await pushGraph(imageSource(image, layers), image.root, names, graph, context);
  for (const name of new Set(names.map((each) => repositoryName(parseReference(each)))))
    layers.noteOrigins(name, image.layers);
}

/** What pushing needs of its surroundings. */
export type PushContext = Pick<ExportContext, 'registry' | 'step' | 'signal'>;

export interface PushGraphOptions {
  /** Set no tag. */
  readonly byDigest: boolean;
  readonly insecure: boolean;
  /** Repositories that a blob is known from, for a mount within one registry. */
  readonly origins: (descriptor: Descriptor) => readonly string[];
  readonly mountable: readonly Descriptor[];
  readonly onProgress?: (event: CopyProgress) => void;
}

/**
 * Copies a graph to the repositories of references, then tags it. Registries are pushed to at the same time, the repositories
 * of one after each other, so that its later ones take everything over from its first. One failure stops all.
 */
export async function pushGraph(
  source: Fetcher,
  root: Descriptor,
  names: readonly string[],
  options: PushGraphOptions,
  context: PushContext,
): Promise<void> {
  const references = names.map((name) => parseReference(name));
  const client = await context.registry({ insecure: options.insecure ? references.map(({ domain }) => domain) : [] });
  const stop = new AbortController();
  const signal = context.signal === undefined ? stop.signal : AbortSignal.any([context.signal, stop.signal]);
  const push = async (reference: Reference, before: Repository | undefined): Promise<Repository> => {
    const repository = client.repository(reference, { actions: ['pull', 'push'] });
    const origins = before === undefined ? mountOrigins(reference, options) : undefined;
    await context.step(`pushing layers and manifests to ${repository.name}`, () =>
      copyGraph({ source, target: reopening(repository, source) }, root, {
        signal,
        ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
        mount: async (descriptor, opts) => {
          const from = before?.path ?? origins?.get(descriptor.digest);
          return from !== undefined && (await mount(repository, descriptor, from, opts));
        },
      }),
    );
    return repository;
  };
  const registries = Map.groupBy(references, ({ domain }) => domain);
  const pushing = [...registries.values()].map(async (ofOne) => {
    const pushed: { readonly repository: Repository; readonly tags: readonly Reference[] }[] = [];
    for (const [first, ...more] of Map.groupBy(ofOne, ({ path }) => path).values()) {
      if (first === undefined) continue;
      pushed.push({ repository: await push(first, pushed[0]?.repository), tags: [first, ...more] });
    }
    return pushed;
  });
  // No tag moves anywhere before everything is everywhere.
  const ready = await Promise.all(pushing).catch(async (error: unknown) => {
    stop.abort(error);
    await Promise.allSettled(pushing);
    throw error;
  });
  if (options.byDigest) return;
  // From the source: a registry that had the image already would have to be asked for it.
  const content = await fetchBytes(source, root, { signal: context.signal });
  for (const { repository, tags } of ready.flat()) {
    for (const { tag = 'latest' } of tags) {
      await context.step(`pushing manifest for ${repository.name}:${tag}@${root.digest}`, () =>
        repository.pushManifest({ descriptor: root, content }, tag, { signal: context.signal }),
      );
    }
  }
}

/** Digest → the path of a repository in the same registry that is known to have it. */
function mountOrigins(reference: Reference, { mountable, origins }: PushGraphOptions): Map<string, string> {
  return new Map(
    mountable.flatMap((layer) => {
      const from = origins(layer).flatMap((text) => sameRegistry(text, reference));
      return from[0] === undefined ? [] : [[layer.digest, from[0]]];
    }),
  );
}

/** Tries a mount; a registry that refuses it, and be it for want of a right to read there, is sent the blob. */
async function mount(
  repository: Repository,
  descriptor: Descriptor,
  from: string,
  options: Abortable,
): Promise<boolean> {
  try {
    return await repository.mount(descriptor, from, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof RegistryFailure) || error.transient) throw error;
    debug('registry', () => `${descriptor.digest} is not mounted from ${from}: ${error.message}`);
    return false;
  }
}

/** The path of another repository in the same registry. */
function sameRegistry(text: string, { domain, path }: Reference): string[] {
  if (!text.startsWith(`${domain}/`)) return [];
  const from = text.slice(domain.length + 1);
  return from === path ? [] : [from];
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
