import type { Digest } from '../oci/digest.ts';

/**
 * A marshalled graph: BuildKit's pb.Definition (solver/pb/ops.proto). Each element of `ops` is one
 * serialised pb.Op; its digest is the vertex's name. Inputs come before their users; the last op has one
 * input and no content of its own: that input is the result. No ops at all is `scratch`.
 */
export interface Definition {
  readonly ops: readonly Uint8Array[];
  readonly metadata: ReadonlyMap<Digest, OpMetadata>;
}

/** What is said of a vertex without being part of its digest. */
export interface OpMetadata {
  /** Do not look it up in the cache (`--no-cache`, `--no-cache-filter`). */
  readonly ignoreCache?: boolean;
  /** `llb.customname`: how progress names it, e.g. `[linux/arm64 builder 2/4] RUN make`. */
  readonly description?: Readonly<Record<string, string>>;
  /** Where in the Dockerfile it comes from. */
  readonly location?: SourceLocation;
  /** Shown together under this group's name, BuildKit's progressGroup; `weak`: only if another of the group is shown. */
  readonly progressGroup?: { readonly id: string; readonly name: string; readonly weak?: boolean };
}

export interface SourceLocation {
  readonly file: string;
  /** 1-based, inclusive. */
  readonly startLine: number;
  readonly endLine: number;
}
