import { Readable } from 'node:stream';
import { fetchBytes } from '../content/fetch-bytes.ts';
import { notFound } from '../content/not-found.ts';
import type { Abortable, Fetcher } from '../content/storage.ts';
import { hasSuccessors, successorsOf } from '../content/successors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageSource } from './image-source.ts';

/** Bytes of manifests that are kept for the next destination. */
const KEPT_BYTES = 32 * 1024 * 1024;

/**
 * Several sources as one: what a manifest names is fetched from where the manifest came from. Manifests are
 * fetched once, however many destinations they go to.
 */
export class ManySources implements Fetcher {
  readonly #owners = new Map<Digest, ImageSource>();
  readonly #manifests = new Map<Digest, Promise<Uint8Array>>();
  #kept = 0;

  /** The first source that is named for a digest stays. */
  own(descriptor: Descriptor, source: ImageSource): void {
    if (!this.#owners.has(descriptor.digest)) this.#owners.set(descriptor.digest, source);
  }

  /** A manifest whose bytes are at hand; with no source it was put together here. */
  add(descriptor: Descriptor, content: Uint8Array, source?: ImageSource): void {
    this.#manifests.set(descriptor.digest, Promise.resolve(content));
    if (source !== undefined) this.#ownAll(descriptor, content, source);
  }

  ownerOf(digest: Digest): ImageSource | undefined {
    return this.#owners.get(digest);
  }

  /** A manifest's or index's bytes. */
  bytes(descriptor: Descriptor, options: Abortable = {}): Promise<Uint8Array> {
    const known = this.#manifests.get(descriptor.digest);
    if (known !== undefined) return known;
    const fetching = this.#fetchManifest(descriptor, options);
    if (this.#kept + descriptor.size > KEPT_BYTES) return fetching;
    this.#kept += descriptor.size;
    this.#manifests.set(descriptor.digest, fetching);
    fetching.catch(() => this.#manifests.delete(descriptor.digest));
    return fetching;
  }

  async fetch(descriptor: Descriptor, options: Abortable = {}): Promise<Readable> {
    if (!hasSuccessors(descriptor.mediaType)) return this.#owner(descriptor).fetch(descriptor, options);
    return Readable.from([await this.bytes(descriptor, options)], { objectMode: false });
  }

  async #fetchManifest(descriptor: Descriptor, options: Abortable): Promise<Uint8Array> {
    const owner = this.#owner(descriptor);
    const content = await fetchBytes(owner, descriptor, options);
    this.#ownAll(descriptor, content, owner);
    return content;
  }

  #ownAll(descriptor: Descriptor, content: Uint8Array, owner: ImageSource): void {
    this.own(descriptor, owner);
    for (const child of successorsOf(content, descriptor, { foreignLayers: 'include' }))
      this.own(child.descriptor, owner);
  }

  #owner(descriptor: Descriptor): ImageSource {
    const owner = this.#owners.get(descriptor.digest);
    if (owner === undefined) throw notFound(descriptor, 'any of the sources');
    return owner;
  }
}
