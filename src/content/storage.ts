import type { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';

/*
 * The storage contracts. Everything that holds blobs (a folder, memory, a registry repository, an OCI
 * layout) is some composition of these; pull, push, save, load, promote and export are one copyGraph
 * between two of them.
 */

export interface Abortable {
  readonly signal?: AbortSignal;
}

export interface Fetcher {
  /**
   * The bytes of the descriptor, verified: the stream fails with DIGEST_MISMATCH or SIZE_MISMATCH before
   * its end when they are not the descriptor's; `details.again` is true in a failure after which fetching anew may give
   * the right ones (fetchInto does that). Fails with NOT_FOUND when the store does not have it.
   */
  fetch(descriptor: Descriptor, options?: Abortable): Promise<Readable>;
}

export interface Pusher {
  /**
   * Stores the bytes under the descriptor. Nothing is visible before all of them came and matched its
   * digest and size; pushing what is there already is success (the content need not be read then).
   */
  push(descriptor: Descriptor, content: Readable | Uint8Array, options?: Abortable): Promise<void>;
}

export interface Storage extends Fetcher, Pusher {
  /**
   * True when a manifest is only ever there together with all that it names (a registry refuses others):
   * then a copy need not look below one that exists. Absent means no.
   */
  readonly closed?: boolean;
  exists(descriptor: Descriptor, options?: Abortable): Promise<boolean>;
}

export interface Resolver {
  /** The descriptor behind a tag or digest, or a NOT_FOUND error that names the reference. */
  resolve(reference: string, options?: Abortable): Promise<Descriptor>;
}

export interface Tagger {
  /** Makes `reference` name the descriptor, whose content must be there. Last step of any copy. */
  tag(descriptor: Descriptor, reference: string, options?: Abortable): Promise<void>;
}

export interface Target extends Storage, Resolver, Tagger {}
