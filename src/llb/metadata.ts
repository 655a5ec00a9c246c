import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';

/** The one question that goes up from the frontend: what does this image's config say? */
export interface ImageMetaResolver {
  /**
   * @param reference normalised, e.g. `docker.io/library/busybox:latest`, with or without `@digest`;
   *   or `oci-layout://NAME[:tag][@digest]`
   * @throws PolyarchError NOT_FOUND, NO_MATCHING_PLATFORM (which lists those it has), UNAUTHORIZED …
   */
  resolveImageConfig(reference: string, options: ResolveImageOptions): Promise<ResolvedImage>;
}

export interface ResolveImageOptions {
  readonly platform: Platform;
  /** `pull` always asks the registry (`--pull`), `local` takes the local store first, `default`: registry, else local store. */
  readonly mode: 'default' | 'pull' | 'local';
  readonly signal?: AbortSignal;
}

export interface ResolvedImage {
  /** The reference with the digest that was found (the index's, when there is one): `name:tag@sha256:…`. */
  readonly reference: string;
  readonly digest: Digest;
  /** The image config's JSON, exact bytes. */
  readonly config: Uint8Array;
}
