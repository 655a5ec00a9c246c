import type { ImageSource } from './image-source.ts';

/**
 * Whether a repository, by its name in full, is the one that an image came from, and not a mirror's copy of it: then all that the image
 * names is there, and its referrers, since a registry holds no manifest without its parts.
 */
export function isHome(name: string, owner: ImageSource | undefined): boolean {
  return owner?.domain !== undefined && owner.mirrored !== true && owner.name === name;
}
