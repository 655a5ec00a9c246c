import type { BaseImage, MediaFamily } from './layout.ts';

/** A base that is only packed: root filesystems to one layer each. */
export interface PackedContent {
  readonly kind: 'packed';
  /** Changes whenever the result would. */
  readonly key: string;
  readonly family: MediaFamily;
  /** Makes the root filesystems below `work`, an empty folder that is removed afterwards. */
  readonly makeImages: (work: string) => Promise<BaseImage[]>;
}

/** A base that polyarch builds, because something must run in it. */
export interface BuiltContent {
  readonly kind: 'built';
  readonly key: string;
  readonly platforms: readonly string[];
  readonly dockerfile: string;
  /** Fills the build context; the folder beside it is removed afterwards too. */
  readonly makeContext: (context: string) => Promise<void>;
}

/** A stand-in for an image of Docker Hub. */
export interface BaseDefinition {
  readonly repository: string;
  readonly tags: readonly string[];
  /** What it holds today, and how to make it. */
  readonly content: () => Promise<PackedContent | BuiltContent>;
}
