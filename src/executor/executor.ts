import type { RanNative } from '../emulation/accel-map.ts';
import type { Platform } from '../oci/platform.ts';

/** One container process on a root filesystem that is mounted already. */
export interface ExecSpec {
  /** A name for the container, unique in the worker: [a-z0-9-]{1,64}. */
  readonly id: string;
  /** The mounted root filesystem. */
  readonly rootfs: string;
  readonly readonlyRootfs?: boolean;
  readonly args: readonly string[];
  /** `KEY=VALUE`. */
  readonly env: readonly string[];
  /** Absolute; made when it is not there. */
  readonly cwd: string;
  /** As in USER: `name`, `uid`, `name:group`, `uid:gid`; resolved in the rootfs's /etc/passwd and /etc/group. Default `0:0`. */
  readonly user?: string;
  readonly hostname?: string;
  readonly platform: Platform;
  readonly mounts: readonly ExecMount[];
  /**
   * A pack's folder: what its map has runs native in an emulated step. Looked at only where the platform's emulator is
   * this worker's own (`private`). Default none: all is emulated.
   */
  readonly accel?: string;
  readonly network: 'default' | 'host' | 'none';
  readonly security: 'sandbox' | 'insecure';
  readonly extraHosts?: readonly { readonly host: string; readonly ip: string }[];
  /** Bytes of /dev/shm. Default 64 MiB. */
  readonly shmSize?: number;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly cgroupParent?: string;
  /** Give the process a terminal (`polyarch run -t`). */
  readonly terminal?: boolean;
  /** `inherit` hands the executor's `streams` to the process (`polyarch run`); else output goes to `onOutput`. */
  readonly stdio?: 'inherit' | 'pipe';
}

export type ExecMount =
  /** A folder or file of the worker's mount namespace. */
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly readonly: boolean }
  /** `size` in bytes, 0 for the kernel's default. */
  | { readonly kind: 'tmpfs'; readonly target: string; readonly size: number }
  /** Held on a tmpfs, never on disk; removed with the step. */
  | {
      readonly kind: 'secret';
      readonly target: string;
      readonly data: Uint8Array;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
    }
  /** An ssh agent's socket. */
  | {
      readonly kind: 'ssh';
      readonly target: string;
      readonly socket: string;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
    };

export interface ExecResult {
  /** 128 + the signal's number when it was killed by one. */
  readonly exitCode: number;
  /** What ran native by the pack of `accel`, most often first. */
  readonly ranNative?: readonly RanNative[];
}

export interface ExecOptions {
  /** 1 = stdout, 2 = stderr. While a promise is returned, no more is read and the program may have to wait. */
  readonly onOutput?: (stream: 1 | 2, data: Uint8Array) => Promise<void> | void;
  /** Aborting kills every process of the container and waits for its end. */
  readonly signal?: AbortSignal;
  /** Told, when the process starts, how to send it a signal. One that its default action would end is ended by it. */
  readonly onStart?: (send: (signal: NodeJS.Signals) => void) => void;
}

export interface Executor {
  run(spec: ExecSpec, options?: ExecOptions): Promise<ExecResult>;
}
