import type { DescribedLayer } from './implied-folders.ts';

/** A merged tree, as long as it is not released. */
export interface Stage {
  readonly path: string;
  release(): void | Promise<void>;
}

/** A merged tree with a new layer on top. */
export interface WritableStage extends Stage {
  /** Ends writing: `fs` in the stage's folder is the new layer, in overlayfs's format, and the rest is gone. */
  seal(): Promise<void>;
}

/**
 * How layers are merged. `folder` is empty and the stage's own; its owner removes it after `release`.
 * `layers` go from the lowest up and are at least one.
 */
export interface SnapshotDriver {
  readonly kind: 'overlay' | 'copy';
  view(layers: readonly DescribedLayer[], folder: string): Promise<Stage>;
  prepare(layers: readonly DescribedLayer[], folder: string): Promise<WritableStage>;
}
