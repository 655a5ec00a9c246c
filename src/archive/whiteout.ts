/*
 * Whiteouts, OCI image spec, layer.md "Whiteouts": an empty file `.wh.NAME` removes NAME of the layers
 * below; `.wh..wh..opq` in a folder hides everything that the layers below have in it.
 */

export const WHITEOUT_PREFIX = '.wh.';
export const OPAQUE_WHITEOUT = '.wh..wh..opq';

export type WhiteoutName =
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'opaque' }
  /** AUFS's own bookkeeping (`.wh..wh.plnk` and its like), to be passed over. */
  | { readonly kind: 'metadata' };

/** What the last part of a path means as a whiteout; undefined when it is an ordinary name. */
export function parseWhiteout(name: string): WhiteoutName | undefined {
  if (!name.startsWith(WHITEOUT_PREFIX)) return undefined;
  if (name === OPAQUE_WHITEOUT) return { kind: 'opaque' };
  if (name.startsWith('.wh..wh.')) return { kind: 'metadata' };
  return { kind: 'remove', name: name.slice(WHITEOUT_PREFIX.length) };
}
