import { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest, verifyBytes, verifyStream } from '../oci/digest.ts';
import { PolyarchError } from '../util/error.ts';
import { readAll } from './fetch-bytes.ts';
import { notFound } from './not-found.ts';
import type { Abortable, Target } from './storage.ts';

const PLACE = 'memory';

/** A target in memory, for small graphs that are put together before they are copied, and for tests. */
export class MemoryStore implements Target {
  readonly #blobs = new Map<Digest, { readonly descriptor: Descriptor; readonly content: Uint8Array }>();
  readonly #tags = new Map<string, Descriptor>();

  async exists(descriptor: Descriptor): Promise<boolean> {
    return this.#blobs.has(descriptor.digest);
  }

  async fetch(descriptor: Descriptor, options: Abortable = {}): Promise<Readable> {
    options.signal?.throwIfAborted();
    const blob = this.#blobs.get(descriptor.digest);
    if (blob === undefined) throw notFound(descriptor, PLACE);
    return verifyStream(Readable.from([blob.content], { objectMode: false }), descriptor);
  }

  async push(descriptor: Descriptor, content: Readable | Uint8Array, options: Abortable = {}): Promise<void> {
    options.signal?.throwIfAborted();
    if (content instanceof Uint8Array) verifyBytes(content, descriptor);
    if (this.#blobs.has(descriptor.digest)) {
      if (!(content instanceof Uint8Array)) content.destroy();
      return;
    }
    const bytes = content instanceof Uint8Array ? content : await readAll(verifyStream(content, descriptor), options);
    this.#blobs.set(descriptor.digest, { descriptor, content: Uint8Array.from(bytes) });
  }

  async resolve(reference: string): Promise<Descriptor> {
    const found =
      this.#tags.get(reference) ?? (isDigest(reference) ? this.#blobs.get(reference)?.descriptor : undefined);
    if (found === undefined) throw new PolyarchError('NOT_FOUND', `${reference} is not in ${PLACE}`);
    return found;
  }

  async tag(descriptor: Descriptor, reference: string): Promise<void> {
    if (!this.#blobs.has(descriptor.digest)) throw notFound(descriptor, PLACE);
    this.#tags.set(reference, descriptor);
  }
}
