import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { DiskStore } from '../content/blob-store.ts';
import { nameAnnotations, requireEntry } from '../content/layout-names.ts';
import { notFound } from '../content/not-found.ts';
import type { Abortable } from '../content/storage.ts';
import type { ImageSource } from '../manifest/image-source.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { type ImageIndex, parseIndex } from '../oci/index.ts';
import { detectMediaType, parseManifestOrIndex } from '../oci/manifest.ts';
import { isIndex, isManifest, MEDIA_TYPE } from '../oci/media-types.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { messageOf, PolyarchError } from '../util/error.ts';
import { StagedArchive } from './images-load-archive.ts';
import { dockerImages } from './images-load-docker.ts';

/**
 * The images of a tar file, an OCI layout's or of `docker save`, in any compression. Its files lie beside the store's until this is
 * disposed of; none gets into the store.
 */
export class ArchiveSource implements ImageSource, Disposable {
  readonly name: string;
  readonly #archive: StagedArchive;
  readonly #index: ImageIndex;
  /** Manifests that were made for a `docker save` archive. */
  readonly #made: ReadonlyMap<Digest, Uint8Array>;

  private constructor(name: string, archive: StagedArchive) {
    this.name = name;
    this.#archive = archive;
    const index = archive.file('oci-layout') === undefined ? undefined : archive.file('index.json');
    if (index !== undefined) {
      this.#index = parseIndex(archive.bytes(index), { mediaType: MEDIA_TYPE.ociIndex });
      this.#made = new Map();
      return;
    }
    const manifest = archive.file('manifest.json');
    if (manifest === undefined) {
      throw new PolyarchError('NOT_AN_IMAGE_ARCHIVE', `${name} has neither index.json nor manifest.json`, {
        hint: 'an image archive is of docker save or an OCI layout; a root filesystem is no image',
      });
    }
    const images = dockerImages(archive, archive.bytes(manifest));
    const manifests = images.flatMap(({ manifest: image, names }): Descriptor[] => {
      const named = names.map((each) => nameAnnotations(formatReference(parseReference(each))));
      return named.length === 0 ? [image] : named.map((annotations) => ({ ...image, annotations }));
    });
    this.#index = { schemaVersion: 2, manifests };
    this.#made = new Map(images.map((image) => [image.manifest.digest, image.bytes]));
  }

  /** Fails with NOT_FOUND, NOT_AN_IMAGE_ARCHIVE and as reading an archive does. */
  static async open(file: string, options: { readonly content: DiskStore } & Abortable): Promise<ArchiveSource> {
    const { content, signal } = options;
    const stream = createReadStream(file, { highWaterMark: 1024 * 1024 });
    await new Promise<void>((resolve, reject) => {
      stream.once('open', () => resolve());
      stream.once('error', (error) =>
        reject(new PolyarchError('NOT_FOUND', `cannot read ${file}: ${messageOf(error)}`, { cause: error })),
      );
    });
    const archive = await StagedArchive.read(stream, { content, name: file, signal });
    try {
      return new ArchiveSource(file, archive);
    } catch (error) {
      archive[Symbol.dispose]();
      throw error;
    }
  }

  async resolve(reference: string): Promise<Descriptor> {
    const { annotations: _names, ...entry } = isDigest(reference)
      ? this.#byDigest(reference)
      : requireEntry(this.#index, reference, this.name);
    return entry;
  }

  async fetch(descriptor: Descriptor): Promise<Readable> {
    const made = this.#made.get(descriptor.digest);
    if (made !== undefined) return Readable.from([made], { objectMode: false });
    const file = this.#archive.blob(descriptor.digest);
    if (file === undefined) throw notFound(descriptor, this.name);
    if (file.size !== descriptor.size) {
      const message = `${descriptor.digest} has ${file.size} bytes in ${this.name}, its descriptor says ${descriptor.size}`;
      throw new PolyarchError('SIZE_MISMATCH', message);
    }
    return createReadStream(file.path, { highWaterMark: 1024 * 1024 });
  }

  /** The manifests listed in index.json whose subject is the digest. */
  async referrers(digest: Digest): Promise<readonly Descriptor[]> {
    return this.#index.manifests.filter((entry) => {
      const file = this.#archive.blob(entry.digest);
      if (file === undefined || (!isManifest(entry.mediaType) && !isIndex(entry.mediaType))) return false;
      const node = parseManifestOrIndex(this.#archive.bytes(file), entry);
      return (node.kind === 'index' ? node.index : node.manifest).subject?.digest === digest;
    });
  }

  [Symbol.dispose](): void {
    this.#archive[Symbol.dispose]();
  }

  #byDigest(digest: Digest): Descriptor {
    const entry = this.#index.manifests.find((one) => one.digest === digest);
    if (entry !== undefined) return entry;
    const file = this.#archive.blob(digest);
    if (file === undefined) throw notFound({ digest }, this.name);
    return { mediaType: detectMediaType(this.#archive.bytes(file), { digest }), digest, size: file.size };
  }
}
