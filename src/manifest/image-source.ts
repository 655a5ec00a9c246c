import type { Readable } from 'node:stream';
import type { Abortable, Fetcher, Resolver, Target } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';

/** What images are read from: a repository, an OCI layout, the local store. */
export interface ImageSource extends Fetcher, Resolver {
  /** For messages: `docker.io/library/busybox`, `oci-layout:///folder`. */
  readonly name: string;
  /** A repository's registry and its path there. */
  readonly domain?: string;
  readonly path?: string;
  /** True when what it gives may come from elsewhere, and not be in the repository itself. */
  readonly mirrored?: boolean;
  /** A manifest with its bytes, where that is one request and `resolve` and `fetch` are two. */
  fetchManifest?(
    reference: string,
    options?: Abortable,
  ): Promise<{ readonly descriptor: Descriptor; readonly content: Uint8Array }>;
  /** The manifests that name the digest as their subject. */
  referrers(digest: Digest, options?: Abortable): Promise<readonly Descriptor[]>;
}

/** What images are written to: a repository, an OCI layout. */
export interface ImageTarget extends ImageSource, Target {
  /** `reopen` gives the content from its start once more. */
  push(
    descriptor: Descriptor,
    content: Readable | Uint8Array,
    options?: Abortable & { readonly reopen?: () => Promise<Readable> },
  ): Promise<void>;
  /** `content` is the manifest's bytes, where they are at hand. */
  tag(
    descriptor: Descriptor,
    reference: string,
    options?: Abortable & { readonly content?: Uint8Array },
  ): Promise<void>;
  /** The tags that there are; NOT_FOUND where there is no such repository. */
  tags(options?: Abortable): AsyncIterable<string>;
  /** Lists a manifest that no tag names, where a store would not find it otherwise. */
  add?(descriptor: Descriptor, options?: Abortable): Promise<void>;
  /** Takes a blob over from another repository of the same registry; false when it does not. */
  mount?(descriptor: Descriptor, from: string, options?: Abortable): Promise<boolean>;
}
