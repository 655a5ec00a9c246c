import type { CopyProgress } from '../content/copy-graph.ts';
import type { Fetcher } from '../content/storage.ts';
import { pathInRegistry } from '../manifest/mounting.ts';
import { publish } from '../manifest/publish.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseReference, repositoryName } from '../oci/reference.ts';
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
  const ends = { source: imageSource(image, layers), root: image.root };
  await pushGraph(ends, names, { ...options, origins: (layer) => layers.origins(layer) }, context);
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
  readonly onProgress?: (event: CopyProgress) => void;
}

/** Publishes a graph under references of registries. */
export async function pushGraph(
  ends: { readonly source: Fetcher; readonly root: Descriptor },
  names: readonly string[],
  { byDigest, insecure, origins, onProgress }: PushGraphOptions,
  context: PushContext,
): Promise<void> {
  const references = names.map((name) => parseReference(name));
  const client = await context.registry({ insecure: insecure ? references.map(({ domain }) => domain) : [] });
  const destinations = [...Map.groupBy(references, repositoryName)].map(([name, tagged]) => ({
    target: client.repository(name, { actions: ['pull', 'push'] }),
    tags: byDigest ? [] : tagged.map(({ tag = 'latest' }) => tag),
  }));
  await publish(ends, destinations, {
    origins: (descriptor, target) => origins(descriptor).flatMap((name) => pathInRegistry(name, target)),
    step: context.step,
    ...(onProgress === undefined ? {} : { onProgress }),
    signal: context.signal,
  });
}
