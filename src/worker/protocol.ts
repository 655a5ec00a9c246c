import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ExecMount, ExecSpec } from '../executor/executor.ts';
import type { PackRecord } from '../accel/pack-record.ts';
import type { AccelLevel, ToolFamily } from '../emulation/pairs.ts';
import type { ElfFile } from '../snapshot/elf-files.ts';
import type { Compression, Layer, LayerChain } from '../snapshot/layer.ts';
import type { FileAction, TreeSelector } from './files/contract.ts';

/** What the CLI asks of its worker: everything that needs the namespaces. Layers named in a call are unpacked before it. */
export interface WorkerMethods {
  /** Makes a layer's folder from its blob in the content store, or from the file `growing` that becomes it. */
  unpack: {
    params: { layer: Layer; blob: string; mediaType: string; growing?: string };
    event: { warning: string };
    result: { diffId: Digest };
  };
  /** Runs one step; a layer for each mount that asks for one. */
  exec: {
    params: ExecStep;
    event: StepOutput;
    /** `fullDisk` is the place, when the disk was full as the step failed. */
    result: { exitCode: number; outputs: Record<number, Layer>; fullDisk?: string };
  };
  /** Does file actions on top of a chain; gives the new layer. */
  files: { params: FileStep; event: { warning: string }; result: Layer };
  /** Packs a layer into the content store, and tells the programs and shared libraries in it. */
  pack: {
    params: PackStep;
    event: never;
    result: { descriptor: Descriptor; diffId: Digest; elfs: readonly ElfFile[] };
  };
  /** The programs and shared libraries of a layer that is not packed. */
  elfs: { params: { layer: Layer }; event: never; result: readonly ElfFile[] };
  /** What the names `paths`, and everything that lies in `folders`, are in a root filesystem, links followed. */
  lookUp: {
    params: { layers: LayerChain; paths: readonly string[]; folders: readonly string[] };
    event: never;
    result: LookedUp;
  };
  /** The digest of what the selectors pick from a root filesystem. */
  digest: { params: { layers: LayerChain; selectors: readonly TreeSelector[] }; event: never; result: Digest };
  /** Copies a root filesystem to a folder or into a tar file of the machine, and tells the programs and libraries in it. */
  export: {
    params: {
      layers: LayerChain;
      kind: 'directory' | 'tar';
      destination: string;
      prefix?: string;
      clampMtime?: number;
      /** What errors call the destination. */
      name?: string;
    };
    event: never;
    result: readonly ElfFile[];
  };
  /** Moves what is in one folder of the machine into another, where folders of one name are joined. */
  move: { params: { from: string; to: string }; event: never; result: undefined };
  /** Removes a file or folder of the machine. */
  removeTree: { params: { path: string }; event: never; result: undefined };
  /** Runs an image's command with the CLI's own stdin, stdout and stderr. */
  run: {
    params: { layers: LayerChain; spec: StepSpec; binds: readonly Bind[]; accelLevel?: AccelLevel };
    event: StepOutput;
    result: { exitCode: number };
  };
  /** Makes the pack of a root filesystem, or of one that would have all the families' tools too. */
  accel: {
    params: { layers: LayerChain; architecture: string; level: AccelLevel; families: readonly ToolFamily[] };
    event: { note: string };
    result: PackRecord;
  };
  /** Sends a signal to what `run` runs. */
  signal: { params: { name: NodeJS.Signals }; event: never; result: undefined };
  /** Bytes on disk of layers' folders and cache mounts, in that order. */
  usage: {
    params: { layers: readonly string[]; cacheMounts: readonly string[] };
    event: never;
    result: readonly number[];
  };
  /** Removes layers' folders and cache mounts. */
  remove: { params: { layers: readonly string[]; cacheMounts: readonly string[] }; event: never; result: undefined };
}

/** Files by their one real path in a root filesystem. */
export interface LookedUp {
  /** By the name asked for; without those that are not there. */
  readonly paths: ReadonlyMap<string, string>;
  /** Of the folders. */
  readonly inFolders: ReadonlySet<string>;
}

export type StepSpec = Omit<ExecSpec, 'id' | 'rootfs' | 'mounts'>;

export interface StepOutput {
  readonly stream: 1 | 2;
  readonly data: Uint8Array;
}

export interface ExecStep {
  readonly spec: StepSpec;
  /** In the order in which they are mounted; one has the target `/`. */
  readonly mounts: readonly StepMount[];
  /** Which native tools may run in it where its platform is emulated; default none. */
  readonly accelLevel?: AccelLevel;
  /** Exit codes with which its layers are kept. */
  readonly accept: readonly number[];
}

export type StepMount =
  /** A root filesystem or a part of it. With `output`, what is written there becomes the layer `layerId`; else it is lost. */
  | {
      readonly kind: 'layers';
      readonly target: string;
      readonly layers: LayerChain;
      /** A path in it; default `/`. */
      readonly selector: string;
      readonly readonly: boolean;
      readonly output?: { readonly index: number; readonly layerId: string };
    }
  | {
      readonly kind: 'cache';
      readonly target: string;
      readonly id: string;
      readonly sharing: 'shared' | 'private' | 'locked';
      readonly readonly: boolean;
      /** What a new cache starts with. */
      readonly layers: LayerChain;
      readonly selector: string;
    }
  | Extract<ExecMount, { kind: 'tmpfs' | 'secret' | 'ssh' }>;

export interface Bind {
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
}

export interface FileStep {
  readonly base: LayerChain;
  readonly layerId: string;
  readonly actions: readonly FileAction[];
}

export interface PackStep {
  readonly layer: Layer;
  readonly compression: Compression;
  readonly clampMtime?: number;
}
