import type { LayerChain } from '../snapshot/layer.ts';

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
  /** The local source's name: `context`, `dockerfile` or a named context's. */
  readonly name: string;
}

export const SCRATCH: LayersRef = { kind: 'layers', layers: [] };
