import type { Descriptor } from '../oci/descriptor.ts';
import type { ManifestOrIndex } from '../oci/manifest.ts';
import { parseManifestOrIndex } from '../oci/manifest.ts';
import { isForeignLayer, isIndex, isManifest, isSchema1 } from '../oci/media-types.ts';

export interface SuccessorOptions {
  /** Layers whose bytes are to be had from their `urls` only: `skip` (default) or `include` them. */
  readonly foreignLayers?: 'skip' | 'include';
}

/** How a node names another one. A subject need not exist (OCI image spec, manifest.md "subject"). */
export interface Successor {
  readonly kind: 'subject' | 'config' | 'layer' | 'manifest';
  readonly descriptor: Descriptor;
}

/** True when the content names other content, so that it must be read to copy the graph below it. */
export function hasSuccessors(mediaType: string): boolean {
  return isIndex(mediaType) || isManifest(mediaType) || isSchema1(mediaType);
}

/** What a manifest or index names, in the order of its document, the subject first. */
export function successors(node: ManifestOrIndex, options: SuccessorOptions = {}): readonly Successor[] {
  const { subject } = node.kind === 'index' ? node.index : node.manifest;
  const first: readonly Successor[] = subject === undefined ? [] : [{ kind: 'subject', descriptor: subject }];
  if (node.kind === 'index') {
    return [...first, ...node.index.manifests.map((descriptor): Successor => ({ kind: 'manifest', descriptor }))];
  }
  const { config, layers } = node.manifest;
  const wanted =
    options.foreignLayers === 'include' ? layers : layers.filter((layer) => !isForeignLayer(layer.mediaType));
  return [
    ...first,
    { kind: 'config', descriptor: config },
    ...wanted.map((descriptor): Successor => ({ kind: 'layer', descriptor })),
  ];
}

/** The same from the bytes of a manifest or index. Fails as `parseManifest` does; other media types have none. */
export function successorsOf(
  content: Uint8Array,
  descriptor: Descriptor,
  options: SuccessorOptions = {},
): readonly Successor[] {
  return hasSuccessors(descriptor.mediaType) ? successors(parseManifestOrIndex(content, descriptor), options) : [];
}
