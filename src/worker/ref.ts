import type { Digest } from '../oci/digest.ts';
import type { LayerChain } from '../snapshot/layer.ts';
import type { ContextScan } from './sources/local-scan.ts';

/**
 * A result of a step: a root filesystem as layers, or, for a local source, a folder of the machine that
 * is read where it lies.
 */
export type Ref = LayersRef | FolderRef;

export interface LayersRef {
  readonly kind: 'layers';
  readonly layers: LayerChain;
}

export interface FolderRef {
  readonly kind: 'folder';
  readonly scan: ContextScan;
  /** Of everything that the scan saw. */
  readonly digest: Digest;
}

export const SCRATCH: LayersRef = { kind: 'layers', layers: [] };
