import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ElfFile } from './elf-files.ts';

/**
 * One immutable layer of a root filesystem: a folder in overlayfs's own format (whiteouts are character
 * devices 0:0, opaque folders carry `user.overlay.opaque=y`) that stands alone, whatever lies below it.
 * So layers unpack in parallel and a MergeOp only joins two lists.
 */
export interface Layer {
  /**
   * Its folder's name below `snapshots/`: the diffID's hex for a layer that came from an image,
   * a random or key-derived name for one made here. [a-z0-9-]{1,128}.
   */
  readonly id: string;
  /** The digest of the uncompressed tar, once known. */
  readonly diffId?: Digest;
  /** The compressed bytes it came from or was packed to; they may not be in the content store yet. */
  readonly blob?: Descriptor;
  /** When a step made it, ms since the epoch; absent for a layer of an image. */
  readonly created?: number;
}

/** A root filesystem: layers from the lowest up; empty is `scratch`. */
export type LayerChain = readonly Layer[];

/** How a layer is packed. Levels: gzip 0 to 9 (default 4), zstd 1 to 22 (default 3). */
export interface Compression {
  readonly type: 'gzip' | 'zstd' | 'uncompressed';
  readonly level?: number;
}

/** A folder that is mounted until it is disposed of. */
export interface Mounted extends AsyncDisposable {
  readonly path: string;
}

/** A writable snapshot over a chain: either committed, once, to a layer, or disposed of. */
export interface ActiveSnapshot extends Mounted {
  /** Unmounts, makes the written files the layer `id` in one rename, durable against a kill at any moment. */
  commit(): Promise<Layer>;
}

/** Layers on disk and their mounts. Runs inside the worker's namespaces. */
export interface Snapshotter {
  /** True when the layer's folder is there, whole. */
  has(layer: Layer): boolean;
  /** Makes the layer's folder from its tar stream (already decompressed); once even when asked in parallel. Returns the tar's digest; fails with DIGEST_MISMATCH when the layer names another diffID. */
  unpack(layer: Layer, tar: AsyncIterable<Uint8Array>, options?: { signal?: AbortSignal }): Promise<Digest>;
  /** The chain, read-only. A chain of one layer is its folder itself. Every layer must be there. */
  view(chain: LayerChain): Promise<Mounted>;
  /** The chain with a new writable layer `id` on top; when that layer exists already, committing keeps the older. */
  prepare(chain: LayerChain, id: string): Promise<ActiveSnapshot>;
  /** The layer as an uncompressed OCI layer tar (whiteouts as `.wh.` files), entries sorted. */
  diff(layer: Layer, options?: DiffOptions): AsyncIterable<Uint8Array>;
  /** The programs and shared libraries in a layer. */
  elfFiles(layer: Layer, options?: { signal?: AbortSignal }): Promise<readonly ElfFile[]>;
  /** Removes layers' folders. */
  remove(ids: readonly string[]): Promise<void>;
}

export interface DiffOptions {
  /** Layers below it: an opaque mark or whiteout is written only where something lies below. All, when not given. */
  readonly lower?: LayerChain;
  /** Seconds since the epoch: later mtimes are set to it (`rewrite-timestamp`). */
  readonly clampMtime?: number;
  /** Told of each program and shared library in it. */
  readonly onElf?: (file: ElfFile) => void;
  readonly signal?: AbortSignal;
}
