import type { Digest } from '../oci/digest.ts';

/** The typed event stream of a build: BuildKit's SolveStatus, as one union. Times are ms since the epoch. */
export type ProgressEvent =
  | VertexEvent
  | {
      readonly kind: 'status';
      readonly vertex: Digest;
      readonly id: string;
      readonly name?: string;
      readonly current: number;
      readonly total?: number;
      readonly started?: number;
      readonly completed?: number;
    }
  | {
      readonly kind: 'log';
      readonly vertex: Digest;
      readonly stream: 1 | 2;
      readonly data: Uint8Array;
      readonly time: number;
    }
  | {
      readonly kind: 'warning';
      readonly vertex: Digest;
      readonly level: number;
      readonly short: string;
      readonly detail?: readonly string[];
      readonly url?: string;
      readonly location?: { readonly file: string; readonly startLine: number; readonly endLine: number };
      /** The file that the location is in. */
      readonly source?: Uint8Array;
    };

/** Sent when a vertex becomes known, starts, and ends. A later event of the same digest replaces the earlier. */
export interface VertexEvent {
  readonly kind: 'vertex';
  readonly digest: Digest;
  readonly name: string;
  readonly inputs: readonly Digest[];
  readonly started?: number;
  readonly completed?: number;
  readonly cached?: boolean;
  readonly error?: string;
  /** `linux/arm64`, when it belongs to one platform. */
  readonly platform?: string;
}

export type ProgressSink = (event: ProgressEvent) => void;
