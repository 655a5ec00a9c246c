import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { markReachable } from '../content/reachable.ts';
import { platformImages } from '../content/image-contents.ts';
import type { StoredImage } from '../content/image-store.ts';
import { DraftStore } from '../manifest/draft-store.ts';
import { parseConfig } from '../oci/config.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { parseManifest } from '../oci/manifest.ts';
import { hasCode } from '../util/error.ts';
import type { PackedLayer } from '../exporter/contract.ts';
import type { LayerChain } from '../snapshot/layer.ts';
import { diskUsage } from '../worker/disk-usage.ts';
import type { Engine } from '../worker/engine.ts';
import { localBytes } from './images-list.ts';

/** A result of the build cache: what a step made. */
export interface CachedResult {
  readonly id: Digest;
  readonly layers: LayerChain;
  /** Ms since the epoch. */
  readonly used: number;
}

/** A folder or file below the store that is nobody's but the cache's. */
export interface CacheFile {
  /**
   * `context`: what is known of a context's files; `http` and `git`: copies; `emulator`: with a dispatcher; `pack`: of native
   * tools; `package`: what packs are made of; `temporary`: leftovers.
   */
  readonly kind: 'context' | 'http' | 'git' | 'emulator' | 'pack' | 'package' | 'temporary';
  readonly path: string;
  readonly size: number;
  readonly used: number;
}

/** Everything in the store, with its size, and what needs what. */
export interface StoreUsage {
  readonly images: readonly (StoredImage & {
    readonly size: number;
    readonly named: boolean;
    readonly layers: readonly string[];
  })[];
  readonly results: readonly CachedResult[];
  /** Unpacked layers by id, with their size; those that an image has too. */
  readonly layers: ReadonlyMap<string, number>;
  readonly imageLayers: ReadonlySet<string>;
  /** Blobs that a layer was packed to. */
  readonly packed: ReadonlyMap<string, readonly PackedLayer[]>;
  readonly blobs: ReadonlyMap<Digest, number>;
  readonly mounts: readonly { readonly name: string; readonly size: number; readonly used: number }[];
  readonly files: readonly CacheFile[];
}

/** Takes stock of the store. Sizes of unpacked layers are counted file by file. */
export async function storeUsage(engine: Engine): Promise<StoreUsage> {
  const { paths, content, store } = engine;
  const layerIds = folders(paths.snapshots).filter((name) => !name.startsWith('.'));
  const mountNames = folders(paths.cacheMounts);
  const sizes = await folderSizes(engine, layerIds, mountNames);
  const images = store.list().map((image) => ({
    ...image,
    size: localBytes(content, image),
    named: !isDigest(image.name),
    layers: diffIds(engine, image),
  }));
  return {
    images,
    results: readResults(engine),
    layers: new Map(layerIds.map((id, i) => [id, sizes[i] ?? 0])),
    imageLayers: new Set(images.flatMap((image) => image.layers)),
    packed: readPacked(engine),
    blobs: new Map([...content.list()].map(({ digest, size }) => [digest, size])),
    mounts: mountNames.map((name, i) => ({
      name,
      size: sizes[layerIds.length + i] ?? 0,
      used: statSync(join(paths.cacheMounts, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    })),
    files: [
      ...cacheFiles(paths.sources, 'context', (name) => name.endsWith('.stat')),
      ...cacheFiles(join(paths.sources, 'http'), 'http'),
      ...cacheFiles(join(paths.sources, 'git'), 'git'),
      ...cacheFiles(paths.emulators, 'emulator'),
      ...cacheFiles(join(paths.accel, 'packs'), 'pack', (name) => !name.startsWith('.')),
      ...cacheFiles(join(paths.accel, 'downloads'), 'package', (name) => !name.endsWith('.part')),
      ...cacheFiles(paths.temporary, 'temporary'),
      ...cacheFiles(join(paths.content, 'ingest'), 'temporary'),
      ...cacheFiles(join(paths.home, 'uploads'), 'temporary'),
    ],
  };
}

/** Blobs that images need, and local ones that drafts of indexes took, with all that is below. */
export function neededBlobs(engine: Engine, images: readonly StoredImage[]): Set<Digest> {
  using drafts = new DraftStore(engine.paths.database);
  const taken = drafts.list().flatMap(({ sources }) => sources.filter(({ name }) => name.startsWith('local://')));
  return markReachable(
    engine.content,
    [...images, ...taken].map(({ descriptor }) => descriptor),
  );
}

/** Unpacked, in the names of the snapshot folder, the layers of an image's local platforms. */
export function diffIds({ content }: Pick<Engine, 'content'>, image: StoredImage): string[] {
  return platformImages(content, image.descriptor).flatMap(({ manifest }) => {
    if (!content.hasSync(manifest)) return [];
    const { config } = parseManifest(content.readSync(manifest), manifest);
    if (!content.hasSync(config)) return [];
    return parseConfig(content.readSync(config), config).rootfs.diff_ids.map((id) => id.slice(id.indexOf(':') + 1));
  });
}

/** This process may not look into folders of other ids; its worker may. */
async function folderSizes(
  engine: Engine,
  layers: readonly string[],
  cacheMounts: readonly string[],
): Promise<readonly number[]> {
  if (layers.length + cacheMounts.length === 0) return [];
  const { paths } = engine;
  try {
    const all = [
      ...layers.map((id) => join(paths.snapshots, id)),
      ...cacheMounts.map((name) => join(paths.cacheMounts, name)),
    ];
    return all.map((folder) => diskUsage(folder));
  } catch (error) {
    if (!hasCode(error, 'EACCES')) throw error;
  }
  const worker = await engine.worker();
  return worker.call('usage', { layers, cacheMounts });
}

function readResults({ db }: Engine): readonly CachedResult[] {
  const rows = db.prepare('SELECT id, outputs, used FROM results ORDER BY used').all();
  return rows.map((row) => ({
    // The columns hold what StoredResults wrote.
    id: String(row['id']) as Digest,
    layers: (JSON.parse(String(row['outputs'])) as LayerChain[]).flat(),
    used: Number(row['used']),
  }));
}

function readPacked({ db }: Engine): ReadonlyMap<string, readonly PackedLayer[]> {
  const rows = db.prepare('SELECT layer, packed FROM packed_layers').all();
  const parsed = rows.map((row) => ({
    layer: String(row['layer']),
    packed: JSON.parse(String(row['packed'])) as PackedLayer,
  })); // written by Layers
  return new Map(
    [...Map.groupBy(parsed, ({ layer }) => layer)].map(([layer, all]) => [layer, all.map(({ packed }) => packed)]),
  );
}

function folders(path: string): readonly string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

function cacheFiles(
  folder: string,
  kind: CacheFile['kind'],
  wanted: (name: string) => boolean = () => true,
): readonly CacheFile[] {
  return folders(folder)
    .filter(wanted)
    .flatMap((name): CacheFile[] => {
      const path = join(folder, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ kind, path, size: diskUsage(path), used: stat.mtimeMs }];
    });
}
