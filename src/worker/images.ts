import type { DatabaseSync } from 'node:sqlite';
import type { Readable } from 'node:stream';
import type { DiskStore } from '../content/blob-store.ts';
import { fetchBytes } from '../content/fetch-bytes.ts';
import { fetchInto } from '../content/fetch-into.ts';
import type { ImageStore } from '../content/image-store.ts';
import type { Resolver, Fetcher } from '../content/storage.ts';
import type { ImageMetaResolver, ResolveImageOptions, ResolvedImage } from '../llb/metadata.ts';
import { parseConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { parseIndex } from '../oci/index.ts';
import { detectMediaType, parseManifest } from '../oci/manifest.ts';
import { isIndex } from '../oci/media-types.ts';
import { formatPlatform, requirePlatform } from '../oci/platform.ts';
import { parseReference, repositoryName } from '../oci/reference.ts';
import type { Layer } from '../snapshot/layer.ts';
import { BlobOrigins, ORIGIN_SCHEMA } from './blob-origins.ts';
import { KNOWN_TAGS_SCHEMA, KnownTags } from './known-tags.ts';
import { debug } from '../util/debug.ts';
import { PolyarchError, hasCode, messageOf } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';

export const IMAGES_SCHEMA = `${ORIGIN_SCHEMA}${KNOWN_TAGS_SCHEMA}`;

/** What names an image: a reference, or `oci-layout://NAME[:TAG][@DIGEST]`. */
export interface ImageName {
  /** In full, with tag and digest. */
  readonly text: string;
  /** Without tag and digest: `docker.io/library/busybox`, `oci-layout://NAME`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** Where images are looked up: a registry's repository, or an OCI layout. */
export interface ImageRemote {
  open(repository: string): Promise<Resolver & Fetcher>;
}

const LAYOUT = 'oci-layout://';

export function parseImageName(text: string): ImageName {
  const layout = text.startsWith(LAYOUT);
  const reference = parseReference(layout ? `layout.invalid/${text.slice(LAYOUT.length)}` : text);
  const repository = layout ? `${LAYOUT}${reference.path}` : repositoryName(reference);
  return named(repository, reference);
}

function named(repository: string, { tag, digest }: Pick<ImageName, 'tag' | 'digest'>): ImageName {
  const text = `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  return { text, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** One platform's image: everything but its layers' bytes. */
export interface PlatformImage {
  /** What the reference led to: an index or a manifest. */
  readonly root: Descriptor;
  readonly manifest: Descriptor;
  readonly configBytes: Uint8Array;
  readonly layers: readonly Layer[];
}

export interface ImagesOptions {
  readonly content: DiskStore;
  readonly store: ImageStore;
  readonly db: DatabaseSync;
  readonly remote: ImageRemote;
  readonly notice: (text: string) => void;
}

/**
 * Finds images by reference and platform: the local store's, else the registry's. Manifests and configs
 * are kept in the content store; a layer's bytes are fetched when somebody needs them.
 */
export class Images implements ImageMetaResolver {
  readonly #options: ImagesOptions;
  readonly #roots = new Map<string, Promise<Descriptor>>();
  readonly #images = new Map<string, Promise<PlatformImage>>();
  readonly #tags: KnownTags;
  readonly #origins: BlobOrigins;
  readonly #fetching = new Map<string, Promise<Uint8Array>>();

  constructor(options: ImagesOptions) {
    this.#options = options;
    this.#tags = new KnownTags(options.db);
    this.#origins = new BlobOrigins(options.db);
  }

  async resolveImageConfig(text: string, options: ResolveImageOptions): Promise<ResolvedImage> {
    const name = parseImageName(text);
    const root = await this.#root(name, options);
    const pinned = named(name.repository, { ...name, digest: root.digest });
    this.#roots.set(`${pinned.text} ${options.mode}`, Promise.resolve(root));
    const image = await this.image(pinned.text, options);
    return { reference: pinned.text, digest: root.digest, config: image.configBytes };
  }

  /** The image of one platform, resolved once for each name. */
  image(text: string, options: ResolveImageOptions): Promise<PlatformImage> {
    const reference = parseImageName(text);
    return once(this.#images, `${reference.text} ${formatPlatform(options.platform)} ${options.mode}`, async () => {
      const root = await this.#root(reference, options);
      const manifest = isIndex(root.mediaType) ? await this.#choose(reference, root, options) : root;
      const bytes = await this.#small(reference, manifest, { limit: LIMITS.manifestBytes, ...options });
      const { config, layers } = parseManifest(bytes, manifest);
      const configBytes = await this.#small(reference, config, { limit: LIMITS.configBytes, ...options });
      const diffIds = parseConfig(configBytes, config).rootfs.diff_ids;
      if (diffIds.length !== layers.length) {
        throw new PolyarchError(
          'INVALID_IMAGE',
          `${reference.text} (${manifest.digest}) has ${layers.length} layers but ${diffIds.length} diff_ids`,
        );
      }
      this.noteOrigins(reference.repository, layers);
      return {
        root,
        manifest,
        configBytes,
        layers: layers.map((blob, i): Layer => {
          const diffId = diffIds[i] ?? blob.digest;
          return { id: diffId.slice(diffId.indexOf(':') + 1), diffId, blob };
        }),
      };
    });
  }

  /** The bytes of a blob that some image named: from the content store, else fetched into it. */
  async provide(
    descriptor: Descriptor,
    options: { onProgress?: (current: number) => void; onWriting?: (path: string) => void; signal?: AbortSignal } = {},
  ): Promise<void> {
    const { content, remote } = this.#options;
    if (content.hasSync(descriptor)) return;
    const { signal, onProgress, onWriting } = options;
    const abortable = { signal };
    let failure: unknown;
    for (const repository of this.origins(descriptor.digest)) {
      try {
        const source = await remote.open(repository);
        const keep = (stream: Readable) => {
          if (onProgress !== undefined) countBytes(stream, onProgress);
          return content.push(descriptor, stream, { ...abortable, ...(onWriting === undefined ? {} : { onWriting }) });
        };
        return await fetchInto(source, descriptor, keep, abortable);
      } catch (error) {
        signal?.throwIfAborted();
        failure = error;
      }
    }
    throw (
      failure ??
      new PolyarchError(
        'NOT_FOUND',
        `the bytes of layer ${descriptor.digest} are neither in the store nor in a registry that it is known from`,
      )
    );
  }

  /** Repositories that a blob is known from, e.g. `docker.io/library/debian`. */
  origins(digest: Digest): string[] {
    return this.#origins.of(digest);
  }

  /** Notes that the repository has these blobs. */
  noteOrigins(repository: string, layers: readonly Descriptor[]): void {
    this.#origins.note(repository, layers);
  }

  #root(reference: ImageName, options: ResolveImageOptions): Promise<Descriptor> {
    const { text } = reference;
    return once(this.#roots, `${text} ${options.mode}`, async () => {
      const { store, remote } = this.#options;
      if (options.mode !== 'pull') {
        const local = text.startsWith(LAYOUT) ? undefined : store.get(text)?.descriptor;
        if (local !== undefined) {
          debug('images', () => `${text} is in the local store`);
          return local;
        }
      }
      const known = reference.digest === undefined ? undefined : this.#knownManifest(reference.digest);
      if (known !== undefined) return known;
      const source = await remote.open(reference.repository);
      try {
        const found = await source.resolve(reference.digest ?? reference.tag ?? 'latest', { signal: options.signal });
        if (reference.digest === undefined && !text.startsWith(LAYOUT)) this.#tags.note(text, found, Date.now());
        return found;
      } catch (error) {
        return this.#withoutRegistry(text, options, error);
      }
    });
  }

  /** What a tag named when its registry was last asked, if that is here; the failure, if not. */
  #withoutRegistry(text: string, { mode }: ResolveImageOptions, error: unknown): Descriptor {
    const { content, store, notice } = this.#options;
    if (!hasCode(error, 'REGISTRY_UNREACHABLE', 'TOO_MANY_REQUESTS') || !(error instanceof PolyarchError)) throw error;
    const known = this.#tags.get(text);
    const here = known !== undefined && content.hasSync(known.descriptor);
    if (mode !== 'pull' && here) {
      const when = new Date(known.seen).toISOString().slice(0, 16).replace('T', ' ');
      notice(`${text} is taken as it was at ${when} UTC (${known.descriptor.digest}): ${error.message}`);
      return known.descriptor;
    }
    if (mode !== 'pull' || !(here || store.get(text) !== undefined)) throw error;
    const hint = `${error.hint ?? ''} It is in the local store: without --pull that is taken.`.trim();
    throw new PolyarchError(error.code, error.message, { cause: error, details: error.details, hint });
  }

  /** The descriptor of a manifest whose bytes are here already: a digest needs no registry. */
  #knownManifest(digest: Digest): Descriptor | undefined {
    const { content } = this.#options;
    const info = content.info(digest);
    // A digest may be that of any other blob: the registry then says that it is no manifest.
    if (info === undefined || info.size > LIMITS.manifestBytes) return undefined;
    try {
      return { mediaType: detectMediaType(content.readSync(digest), { digest }), digest, size: info.size };
    } catch (error) {
      debug('images', () => `${digest} is here, but no manifest: ${messageOf(error)}`);
      return undefined;
    }
  }

  async #choose(reference: ImageName, root: Descriptor, options: ResolveImageOptions): Promise<Descriptor> {
    const index = parseIndex(await this.#small(reference, root, { limit: LIMITS.manifestBytes, ...options }), root);
    const image = named(reference.repository, { ...reference, digest: root.digest }).text;
    return requirePlatform(index.manifests, options.platform, { image });
  }

  /** A manifest or config: from the content store, else fetched into it. */
  async #small(
    reference: ImageName,
    descriptor: Descriptor,
    { limit, signal }: { limit: number; signal?: AbortSignal },
  ): Promise<Uint8Array> {
    const { content, remote } = this.#options;
    if (content.hasSync(descriptor)) return content.readSync(descriptor);
    // The platforms of a build ask for its index at the same time.
    const key = `${reference.repository}@${descriptor.digest} ${descriptor.size}`;
    return once(this.#fetching, key, async () => {
      if (descriptor.size > limit) {
        throw new PolyarchError(
          'TOO_LARGE',
          `${descriptor.digest} of ${reference.text} is ${descriptor.size} bytes; at most ${limit} are read`,
        );
      }
      const source = await remote.open(reference.repository);
      const bytes = await fetchBytes(source, descriptor, {
        maxBytes: limit,
        ...(signal === undefined ? {} : { signal }),
      });
      content.writeSync(bytes);
      return bytes;
    }).finally(() => this.#fetching.delete(key));
  }
}

/** Calls back with the bytes that went through so far. */
function countBytes(stream: Readable, onProgress: (current: number) => void): void {
  let current = 0;
  const push = stream.push.bind(stream);
  stream.push = (chunk, encoding) => {
    if (chunk !== null) onProgress((current += (chunk as Uint8Array).length)); // a byte stream
    return push(chunk, encoding);
  };
}

function once<V>(map: Map<string, Promise<V>>, key: string, make: () => Promise<V>): Promise<V> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  // A failure is not kept: the next question asks again.
  made.catch((error: unknown) => {
    if (!hasCode(error, 'NOT_FOUND')) map.delete(key);
  });
  return made;
}
