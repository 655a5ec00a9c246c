import type { BaseImage, MediaFamily } from './layout.ts';

/** What a base holds today, and how to make it. */
export interface BaseContent {
  /** Changes whenever the result would. */
  readonly key: string;
  /** Makes the root filesystems below `work`, an empty folder that is removed afterwards. */
  readonly make: (work: string) => Promise<BaseImage[]>;
}

/** A stand-in for an image of Docker Hub. */
export interface BaseDefinition {
  readonly repository: string;
  readonly tags: readonly string[];
  readonly family: MediaFamily;
  readonly content: () => Promise<BaseContent>;
}
