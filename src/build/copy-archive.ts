import { fetchBytes } from '../content/fetch-bytes.ts';
import type { CopyProgress } from '../content/copy-graph.ts';
import type { Fetcher } from '../content/storage.ts';
import { hasSuccessors, successors } from '../content/successors.ts';
import { writeFileAtomically } from '../exporter/atomic-file.ts';
import { type ArchivedImage, archiveName, imageArchive } from '../exporter/image-archive.ts';
import type { ArchiveLocation } from '../manifest/location.ts';
import type { ManySources } from '../manifest/many-sources.ts';
import { parseConfig, platformOf } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { parseManifestOrIndex } from '../oci/manifest.ts';
import { isAttestation, type Platform } from '../oci/platform.ts';
import { isTag } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';

interface Options {
  readonly onProgress?: (event: CopyProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes an image and its referrers into a tar file, blob after blob as they come; the file appears, or replaces another, when
 * all of it is there. Without a name of its own it is called as its source. Fails with INVALID_REFERENCE for a docker archive without a name.
 */
export async function writeImageArchive(
  image: { readonly many: ManySources; readonly root: Descriptor; readonly referrers: readonly Descriptor[] },
  location: ArchiveLocation & { readonly source: string | undefined },
  options: Options,
): Promise<void> {
  const { many, root, referrers } = image;
  const docker = location.format === 'docker';
  const names = nameIn(location);
  const archived = [await describe(root, many, { ...options, names, platforms: docker })];
  for (const referrer of referrers)
    archived.push(await describe(plain(referrer), many, { ...options, names: [], platforms: false }));
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  try {
    const content = imageArchive(archived, told(many, options), { docker, signal });
    await writeFileAtomically(location.file, content, { signal });
  } finally {
    // A file that cannot be written leaves a blob on its way.
    stop.abort();
  }
}

function nameIn({ format, name, file, source }: Parameters<typeof writeImageArchive>[1]): string[] {
  const given = name ?? source;
  if (given === undefined) {
    if (format === 'oci') return ['latest'];
    throw new PolyarchError('INVALID_REFERENCE', `docker-archive://${file}: what is the image called in it?`, {
      hint: `write docker-archive://${file}:NAME:TAG`,
    });
  }
  return [isTag(given) && format === 'oci' ? given : archiveName(given.replace(/@.*$/, ''))];
}

/** What goes into the archive for one root. */
async function describe(
  root: Descriptor,
  many: ManySources,
  options: Options & { readonly names: readonly string[]; readonly platforms: boolean },
): Promise<ArchivedImage> {
  const { signal } = options;
  const blobs = new Map<Digest, Descriptor>();
  const manifests: { platform: Platform; config: Descriptor; layers: readonly Descriptor[] }[] = [];
  const visit = async (descriptor: Descriptor): Promise<void> => {
    if (blobs.has(descriptor.digest)) return;
    blobs.set(descriptor.digest, plain(descriptor));
    if (!hasSuccessors(descriptor.mediaType)) return;
    const node = parseManifestOrIndex(await many.bytes(descriptor, { signal }), descriptor);
    const children = successors(node).filter(({ kind }) => kind !== 'subject');
    if (node.kind === 'manifest' && options.platforms && !isAttestation(descriptor)) {
      const { config } = node.manifest;
      const layers = children.flatMap((child) => (child.kind === 'layer' ? [child.descriptor] : []));
      const bytes = await fetchBytes(many, config, { maxBytes: LIMITS.configBytes, signal });
      const platform = descriptor.platform ?? platformOf(parseConfig(bytes, config));
      manifests.push({ platform, config, layers });
    }
    for (const child of children) await visit(child.descriptor);
  };
  await visit(root);
  return { root: plain(root), blobs: [...blobs.values()], manifests, names: options.names };
}

function plain({ mediaType, digest, size, artifactType }: Descriptor): Descriptor {
  return { mediaType, digest, size, ...(artifactType === undefined ? {} : { artifactType }) };
}

/** Says of each blob when it begins to be read, and when its last byte was. */
function told(source: Fetcher, { onProgress }: Options): Fetcher {
  return {
    fetch: async (descriptor, options) => {
      onProgress?.({ kind: 'start', descriptor, bytes: 0 });
      const content = await source.fetch(descriptor, options);
      // Found by the reader, if it still reads.
      content.on('error', () => {});
      content.once('end', () => onProgress?.({ kind: 'done', descriptor, bytes: descriptor.size }));
      return content;
    },
  };
}
