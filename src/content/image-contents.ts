import type { Descriptor } from '../oci/descriptor.ts';
import { parseConfig, platformOf } from '../oci/config.ts';
import { isIndex, isManifest } from '../oci/media-types.ts';
import { parseManifest } from '../oci/manifest.ts';
import { parseIndex } from '../oci/index.ts';
import { isAttestation, normalizePlatform, type Platform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { DiskStore } from './blob-store.ts';
import { type SuccessorOptions, successorsOf } from './successors.ts';

/** One platform's image in an image of the local store. */
export interface PlatformImage {
  /** As the index says it, else as the config does, in canonical form; undefined when neither is local. */
  readonly platform: Platform | undefined;
  readonly manifest: Descriptor;
  /** Whether all of it is local: manifest, config and layers. */
  readonly complete: boolean;
  /** Bytes of its blobs, compressed; 0 while the manifest is not local. */
  readonly size: number;
}

/** The platforms of a local image, which may hold the content of only some; attestations are left out. */
export function platformImages(store: DiskStore, root: Descriptor): readonly PlatformImage[] {
  return manifestsBelow(store, root, 0).map((manifest) => platformImage(store, manifest));
}

/** True when the whole graph below the descriptor is local, for every platform it lists. */
export function isComplete(store: DiskStore, root: Descriptor, options: SuccessorOptions = {}): boolean {
  return missingBlobs(store, root, options).length === 0;
}

/** What of the graph below the descriptor is not local, as far as it can be known. Each digest once. */
export function missingBlobs(
  store: DiskStore,
  root: Descriptor,
  options: SuccessorOptions = {},
): readonly Descriptor[] {
  const missing: Descriptor[] = [];
  const seen = new Set<string>();
  const visit = (descriptor: Descriptor, depth: number): void => {
    if (seen.has(descriptor.digest)) return;
    seen.add(descriptor.digest);
    if (!store.hasSync(descriptor)) {
      missing.push(descriptor);
      return;
    }
    for (const child of childrenOf(store, descriptor, options)) {
      if (child.kind !== 'subject') visit(child.descriptor, deeper(depth, descriptor));
    }
  };
  visit(root, 0);
  return missing;
}

function manifestsBelow(store: DiskStore, descriptor: Descriptor, depth: number): readonly Descriptor[] {
  if (!isIndex(descriptor.mediaType))
    return isManifest(descriptor.mediaType) && !isAttestation(descriptor) ? [descriptor] : [];
  if (!store.hasSync(descriptor)) return [];
  const { manifests } = parseIndex(store.readSync(descriptor), descriptor);
  return manifests.flatMap((manifest) => manifestsBelow(store, manifest, deeper(depth, descriptor)));
}

function platformImage(store: DiskStore, manifest: Descriptor): PlatformImage {
  const said = manifest.platform === undefined ? undefined : normalizePlatform(manifest.platform);
  if (!store.hasSync(manifest)) return { platform: said, manifest, complete: false, size: 0 };
  const { config, layers } = parseManifest(store.readSync(manifest), manifest);
  const blobs = [config, ...layers];
  return {
    platform: said ?? configPlatform(store, config),
    manifest,
    complete: isComplete(store, manifest),
    size: blobs.reduce((sum, blob) => sum + blob.size, manifest.size),
  };
}

function configPlatform(store: DiskStore, config: Descriptor): Platform | undefined {
  if (!store.hasSync(config) || config.size > LIMITS.configBytes) return undefined;
  return normalizePlatform(platformOf(parseConfig(store.readSync(config), config)));
}

function childrenOf(store: DiskStore, descriptor: Descriptor, options: SuccessorOptions) {
  if (descriptor.size > LIMITS.manifestBytes) return [];
  const isNode = isIndex(descriptor.mediaType) || isManifest(descriptor.mediaType);
  return isNode ? successorsOf(store.readSync(descriptor), descriptor, options) : [];
}

function deeper(depth: number, descriptor: Descriptor): number {
  if (depth < LIMITS.indexDepth) return depth + 1;
  throw new PolyarchError(
    'GRAPH_TOO_DEEP',
    `below ${descriptor.digest} are more than ${LIMITS.indexDepth} nested indexes`,
  );
}
