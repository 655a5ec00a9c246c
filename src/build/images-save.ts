import { Readable, type Writable } from 'node:stream';
import { platformImages } from '../content/image-contents.ts';
import type { DiskStore } from '../content/blob-store.ts';
import type { StoredImage } from '../content/image-store.ts';
import type { Abortable, Fetcher } from '../content/storage.ts';
import { hasSuccessors, successorsOf } from '../content/successors.ts';
import { writeFileAtomically, writeStream } from '../exporter/atomic-file.ts';
import { type ArchivedImage, imageArchive } from '../exporter/image-archive.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestOf, isDigest } from '../oci/digest.ts';
import { parseIndex } from '../oci/index.ts';
import { encodeJson } from '../oci/json.ts';
import { isForeignLayer, isIndex } from '../oci/media-types.ts';
import { type Platform, formatPlatform, noMatchingPlatform, platformMatcher } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { platformList, readPlatform, shownName } from './images-local.ts';
import type { LocalStore } from './local-store.ts';

export interface SaveOptions extends Abortable {
  /** `docker` adds what `docker load` of any age reads. */
  readonly format: 'docker' | 'oci';
  /** Only these; empty: all that are local. */
  readonly platforms: readonly Platform[];
  /** Told what is left out. */
  readonly notice: (text: string) => void;
}

/** The images as one archive, as stored. Fails, before any byte, with IMAGE_NOT_FOUND, NO_MATCHING_PLATFORM and PLATFORM_NOT_LOCAL. */
export function saveImages(
  local: LocalStore,
  names: readonly string[],
  options: SaveOptions,
): AsyncIterable<Uint8Array> {
  const made = new Map<Digest, Uint8Array>();
  const byDigest = new Map<Digest, { image: StoredImage; names: Set<string> }>();
  for (const name of names) {
    const image = local.store.resolve(name);
    const known = byDigest.get(image.descriptor.digest) ?? { image, names: new Set() };
    byDigest.set(image.descriptor.digest, known);
    if (!isDigest(image.name) && !/^(sha256:)?[a-f0-9]{4,64}$/.test(name)) known.names.add(image.name);
  }
  const images = [...byDigest.values()].map((entry) => archived(local.content, entry, { ...options, made }));
  const source: Fetcher = {
    fetch: async (descriptor, abortable) => {
      const bytes = made.get(descriptor.digest);
      return bytes === undefined
        ? local.content.fetch(descriptor, abortable)
        : Readable.from([bytes], { objectMode: false });
    },
  };
  const { signal } = options;
  return imageArchive(images, source, {
    docker: options.format === 'docker',
    signal,
  });
}

function archived(
  content: DiskStore,
  { image, names }: { image: StoredImage; names: ReadonlySet<string> },
  options: SaveOptions & { made: Map<Digest, Uint8Array> },
): ArchivedImage {
  const chosen = choose(content, image, options);
  const manifests = chosen.map(({ platform, manifest }) => {
    const { configDescriptor, layers } = readPlatform(content, manifest, platform);
    return {
      platform,
      config: configDescriptor,
      layers: layers.flatMap(({ blob }) => (blob === undefined ? [] : [blob])),
    };
  });
  const root = rootOf(content, image, { kept: chosen.map(({ manifest }) => manifest), made: options.made });
  const blobs = graphOf(content, root, options.made);
  return { root, blobs, manifests, names: [...names] };
}

/** The platforms that go into the archive. */
function choose(
  content: DiskStore,
  image: StoredImage,
  options: SaveOptions,
): readonly { platform: Platform; manifest: Descriptor }[] {
  const all = platformImages(content, image.descriptor);
  const name = shownName(image);
  const here = all.flatMap(({ platform, manifest, complete }) =>
    complete && platform !== undefined ? [{ platform, manifest }] : [],
  );
  if (options.platforms.length > 0) {
    const wanted = options.platforms.map((platform) => {
      const matcher = platformMatcher(platform);
      const fits = all.filter((one) => one.platform !== undefined && matcher.match(one.platform));
      const best = fits.toSorted((a, b) =>
        a.platform === undefined || b.platform === undefined ? 0 : matcher.compare(a.platform, b.platform),
      )[0];
      if (best?.platform === undefined) {
        const offered = all.flatMap((one) => (one.platform === undefined ? [] : [one.platform]));
        throw noMatchingPlatform(platform, offered, name);
      }
      if (!best.complete) throw notLocal(name, platform);
      return { platform: best.platform, manifest: best.manifest };
    });
    return [...new Map(wanted.map((one) => [one.manifest.digest, one])).values()];
  }
  const first = all[0]?.platform;
  if (here.length === 0)
    throw first === undefined
      ? new PolyarchError('CONTENT_MISSING', `nothing of ${name} is local`, { hint: `polyarch pull ${name}` })
      : notLocal(name, first);
  const left = all.filter(({ complete }) => !complete);
  if (left.length > 0) {
    options.notice(
      `note: ${name}: ${platformList(left.map(({ platform }) => platform))} ${left.length === 1 ? 'is' : 'are'} not local and left out`,
    );
  }
  return here;
}

function notLocal(name: string, platform: Platform): PolyarchError {
  const text = formatPlatform(platform);
  return new PolyarchError('PLATFORM_NOT_LOCAL', `${name} for ${text} is not in the local store`, {
    hint: `polyarch pull --platform ${text} ${name}`,
  });
}

/** The image's own root when all of its platforms are kept; else the one manifest, or an index of the kept ones. */
function rootOf(
  content: DiskStore,
  image: StoredImage,
  { kept, made }: { kept: readonly Descriptor[]; made: Map<Digest, Uint8Array> },
): Descriptor {
  const root = image.descriptor;
  const [only] = kept;
  if (!isIndex(root.mediaType) || only === undefined) return root;
  if (kept.length === platformImages(content, root).length) return root;
  if (kept.length === 1) return plain(only);
  const index = parseIndex(content.readSync(root), root);
  const digests = new Set(kept.map(({ digest }) => digest));
  const manifests = index.manifests.filter(
    (child) =>
      digests.has(child.digest) || digests.has((child.annotations?.['vnd.docker.reference.digest'] ?? '') as Digest), // only looked up
  );
  const bytes = encodeJson({ ...index, manifests });
  const digest = digestOf(bytes);
  made.set(digest, bytes);
  return { mediaType: root.mediaType, digest, size: bytes.length };
}

function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

/** The root and what it names, as far as it is local. */
function graphOf(content: DiskStore, root: Descriptor, made: ReadonlyMap<Digest, Uint8Array>): Descriptor[] {
  const found = new Map<Digest, Descriptor>();
  const visit = (descriptor: Descriptor): void => {
    const bytes = made.get(descriptor.digest);
    if (found.has(descriptor.digest) || (bytes === undefined && !content.hasSync(descriptor))) return;
    found.set(descriptor.digest, plain(descriptor));
    if (!hasSuccessors(descriptor.mediaType)) return;
    for (const child of successorsOf(bytes ?? content.readSync(descriptor), descriptor, { foreignLayers: 'include' })) {
      if (child.kind !== 'subject' && !isForeignLayer(child.descriptor.mediaType)) visit(child.descriptor);
    }
  };
  visit(root);
  return [...found.values()];
}

/** Writes an archive to a file, which appears when all of it is there, or to a stream that stays open. */
export async function writeArchive(
  archive: AsyncIterable<Uint8Array>,
  to: string | Writable,
  options: Abortable,
): Promise<void> {
  if (typeof to === 'string') await writeFileAtomically(to, archive, options);
  else await writeStream(to, archive, options);
}
