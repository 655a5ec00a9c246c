import type { Digest } from '../../oci/digest.ts';
import type { AccelLevel } from '../../emulation/pairs.ts';
import type { Platform } from '../../oci/platform.ts';
import type { LayerChain } from '../../snapshot/layer.ts';
import type { Images } from '../images.ts';
import type { WorkerMethods } from '../protocol.ts';
import type { Op, OpContext } from '../../solver/vertex.ts';
import type { FolderRef, Ref } from '../ref.ts';
import type { RpcClient } from '../rpc.ts';
import type { TimedStep } from '../step-times.ts';
import type { LocalFilter } from './source-op.ts';

/** What the steps of one build are given: the engine's parts, and what the build was asked with. */
export interface StepContext {
  readonly images: Images;
  readonly buildPlatform: Platform;
  readonly pull: boolean;
  /** What a local source (`context`, `dockerfile`, a named context) shows; asked once for each filter. */
  scan(name: string, filter: LocalFilter, context: OpContext): Promise<FolderRef>;
  /** A git repository or a file on the web. */
  remoteOp(identifier: string, attrs: Readonly<Record<string, string>>): Op<Ref>;
  /** The vertex that a layer of an image is shown under while it is pulled, by the layer's id. */
  readonly pulls: Map<string, Digest>;
  secret(id: string): Promise<Uint8Array | undefined>;
  /** The socket of an ssh agent, on this machine. */
  sshSocket(id: string): Promise<string | undefined>;
  /** Which native tools may run in emulated steps; undefined: none. */
  readonly accelLevel: AccelLevel | undefined;
  /** `network.host`, `security.insecure`. */
  readonly allowed: ReadonlySet<string>;
  /** Starts the worker when it is not there yet. */
  worker(): Promise<RpcClient<WorkerMethods>>;
  /** Every layer unpacked, for a call to the worker; a folder is copied into a layer first. */
  materialize(ref: Ref, signal: AbortSignal): Promise<LayerChain>;
  /** Told how many milliseconds a RUN took that ended well. */
  timed(step: TimedStep, ms: number): void;
  /** A name for a new layer. */
  newLayerId(): string;
}
