import type { Readable } from 'node:stream';
import { fetchBytes } from '../content/fetch-bytes.ts';
import type { StoredImage } from '../content/image-store.ts';
import type { Abortable, Fetcher } from '../content/storage.ts';
import { hasSuccessors, successorsOf } from '../content/successors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { isIndex } from '../oci/media-types.ts';
import { type Platform, formatPlatform, isAttestation } from '../oci/platform.ts';
import { parseReference, repositoryName } from '../oci/reference.ts';
import { debug } from '../util/debug.ts';
import { PolyarchError, hasCode, messageOf } from '../util/error.ts';
import { platformList, shownName } from './images-local.ts';
import type { Workspace } from './workspace.ts';

/** A whole image of the local store, wherever its bytes lie. */
export interface WholeImage {
  readonly source: Fetcher;
  /** Everything below the root, and the root; each digest once. */
  readonly all: readonly Descriptor[];
  /** Repositories that a blob is known from. */
  origins(digest: Digest): readonly string[];
}

/**
 * The whole graph of a local image: what is not local comes from the registries that the image is known from. Reads
 * every manifest first; fails with CONTENT_MISSING, which lists the platforms, when one can be had nowhere.
 */
export async function wholeImage(
  workspace: Workspace,
  image: StoredImage,
  options: { root?: Descriptor } & Abortable = {},
): Promise<WholeImage> {
  const root = options.root ?? image.descriptor;
  const abortable = { signal: options.signal };
  const source = fetchThrough(workspace, image);
  const all = new Map<Digest, Descriptor>();
  const missing: { platform: Platform | undefined; error: unknown }[] = [];
  const visit = async (descriptor: Descriptor, platform: Platform | undefined): Promise<void> => {
    if (all.has(descriptor.digest)) return;
    all.set(descriptor.digest, descriptor);
    if (!hasSuccessors(descriptor.mediaType)) return;
    let bytes: Uint8Array;
    try {
      bytes = await fetchBytes(source, descriptor, abortable);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (hasCode(error, 'TOO_LARGE')) throw error;
      missing.push({ platform: isAttestation(descriptor) ? undefined : platform, error });
      return;
    }
    const children = successorsOf(bytes, descriptor).filter((child) => child.kind !== 'subject');
    await Promise.all(children.map((child) => visit(child.descriptor, child.descriptor.platform ?? platform)));
  };
  await visit(root, undefined);
  if (missing.length > 0) {
    const platforms = missing.flatMap(({ platform }) => (platform === undefined ? [] : [platform]));
    throw contentMissing(image, platforms, missing[0]?.error);
  }
  return { source, all: [...all.values()], origins: (digest) => originsOf(workspace, image, digest) };
}

function contentMissing(image: StoredImage, platforms: readonly Platform[], cause: unknown): PolyarchError {
  const name = shownName(image);
  const what = platforms.length === 0 ? 'parts of it' : `its ${platformList(platforms)}`;
  const hint = isIndex(image.descriptor.mediaType)
    ? `polyarch pull ${name} fetches all of it, where its registry still has it; or take only what is here with --platform`
    : `polyarch pull ${name}`;
  return new PolyarchError(
    'CONTENT_MISSING',
    `${name} is not whole: ${what} is neither local nor to be had from where it came from (${messageOf(cause)})`,
    {
      cause,
      hint,
      details: { image: name, platforms: platforms.map((platform) => formatPlatform(platform)) },
    },
  );
}

/** From the content store, else from a registry; what is small is kept. */
function fetchThrough(workspace: Workspace, image: StoredImage): Fetcher {
  const { content } = workspace.engine;
  return {
    async fetch(descriptor: Descriptor, options: Abortable = {}): Promise<Readable> {
      if (content.hasSync(descriptor)) return content.fetch(descriptor, options);
      let failure: unknown;
      for (const name of originsOf(workspace, image, descriptor.digest)) {
        try {
          const client = await workspace.registry();
          const stream = await client.repository(parseReference(name)).fetch(descriptor, options);
          if (!hasSuccessors(descriptor.mediaType)) return stream;
          await content.push(descriptor, stream, options);
          return await content.fetch(descriptor, options);
        } catch (error) {
          options.signal?.throwIfAborted();
          debug('images', () => `${descriptor.digest} is not to be had from ${name}: ${messageOf(error)}`);
          failure ??= error;
        }
      }
      throw (
        failure ??
        new PolyarchError('NOT_FOUND', `${descriptor.digest} is not in the local store`, {
          details: { digest: descriptor.digest },
        })
      );
    },
  };
}

/** Where a blob may be had: where it or its image came from, then where the image's own name says. */
function originsOf(workspace: Workspace, image: StoredImage, digest: Digest): readonly string[] {
  const { images } = workspace.engine;
  const named = isDigest(image.name) ? [] : [repositoryName(parseReference(image.name))];
  return [...new Set([...images.origins(digest), ...images.origins(image.descriptor.digest), ...named])];
}
