import type { Fetcher } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageConfig } from '../oci/config.ts';
import type { Platform } from '../oci/platform.ts';
import type { ElfFile } from '../snapshot/elf-files.ts';
import type { Compression, LayerChain } from '../snapshot/layer.ts';

/** What a build made for one platform, before any of it is packed. */
export interface PlatformResult {
  readonly platform: Platform;
  readonly layers: LayerChain;
  /** Everything but `rootfs.diff_ids`, which packing the layers tells; history entries match the layers that are not empty. */
  readonly config: ImageConfig;
}

/** One layer as an image names it. */
export interface PackedLayer {
  /** Of the compressed blob, whose bytes may still lie only in the registry that it came from. */
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

export interface PackOptions {
  readonly compression: Compression;
  /** Also repack layers that came from a base image in another compression. */
  readonly forceCompression?: boolean;
  /** Seconds since the epoch: later mtimes are set to it, in every layer (`rewrite-timestamp`). */
  readonly clampMtime?: number;
  readonly signal?: AbortSignal;
}

/** Looks at the programs among a platform's files before they get to their place; `false` leaves the platform out. */
export type AcceptFiles = (result: PlatformResult, elfs: readonly ElfFile[]) => Promise<boolean>;

/** What the exporters ask of the engine; `worker/` implements it. */
export interface LayerService extends Fetcher {
  /** A layer that has a fitting blob keeps it, byte for byte; others are packed, in parallel, into the content store. */
  pack(layers: LayerChain, options: PackOptions): Promise<readonly PackedLayer[]>;
  /** Bytes of a packed layer, from the content store, else from where the base image came from. */
  fetch: Fetcher['fetch'];
  /** Repositories that are known to have a layer's blob, e.g. `docker.io/library/debian`: their registry can mount it elsewhere. */
  origins(descriptor: Descriptor): readonly string[];
  /** Notes that the repository has these blobs now. */
  noteOrigins(repository: string, layers: readonly Descriptor[]): void;
  /** Copies the root filesystem into a folder of the machine (made when missing), with the caller's own ids; tells the programs in it. */
  exportDirectory(
    layers: LayerChain,
    destination: string,
    options?: { clampMtime?: number; name?: string; signal?: AbortSignal },
  ): Promise<readonly ElfFile[]>;
  /** Moves what is in one folder of the machine into another, as `exportDirectory` would copy it. */
  moveDirectory(from: string, to: string, options?: { signal?: AbortSignal }): Promise<void>;
  /** Removes a file or folder of the machine, its folders that nobody may write too. */
  removeTree(path: string): Promise<void>;
  /** The root filesystem as one uncompressed tar without whiteouts, written to a file. `prefix` goes before each name. */
  exportTar(
    layers: LayerChain,
    file: string,
    options?: { prefix?: string; clampMtime?: number; signal?: AbortSignal },
  ): Promise<readonly ElfFile[]>;
}
