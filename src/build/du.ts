import type { Engine } from '../worker/engine.ts';
import { shownName } from './images-local.ts';
import { totalBytes } from './prune-plan.ts';
import { type StoreUsage, neededBlobs, storeUsage } from './store-usage.ts';

/** One thing that takes space. */
export interface UsageRow {
  readonly id: string;
  readonly type:
    | 'image'
    | 'layer'
    | 'blob'
    | 'cache-mount'
    | 'context'
    | 'http'
    | 'git'
    | 'emulator'
    | 'pack'
    | 'package'
    | 'temporary';
  /** Bytes. An image's may be another one's too. */
  readonly size: number;
  /** Whether some prune removes it. */
  readonly reclaimable: boolean;
  /** Ms since the epoch, when known. */
  readonly used?: number;
  readonly description: string;
}

export interface Usage {
  /** Largest first. */
  readonly rows: readonly UsageRow[];
  /** Bytes by kind, each blob and layer once. */
  readonly totals: Readonly<Record<'images' | 'cache' | 'mounts' | 'sources' | 'temporary', number>>;
  readonly reclaimable: number;
  readonly total: number;
}

/** What takes space in the store. */
export async function usage(engine: Engine): Promise<Usage> {
  const all = await storeUsage(engine);
  const named = all.images.filter((image) => image.named);
  const needed = neededBlobs(engine, named);
  const rows = [...imageRows(all), ...cacheRows(all, neededBlobs(engine, all.images)), ...fileRows(all)];
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
  const blobs = [...all.blobs];
  const images = sum(blobs.filter(([digest]) => needed.has(digest)).map(([, size]) => size));
  const cache = sum(blobs.map(([, size]) => size)) - images + sum([...all.layers.values()]);
  const mounts = sum(all.mounts.map(({ size }) => size));
  const temporary = sum(all.files.filter(({ kind }) => kind === 'temporary').map(({ size }) => size));
  const sources = sum(all.files.map(({ size }) => size)) - temporary;
  const total = totalBytes(all);
  return {
    rows: rows.toSorted((a, b) => b.size - a.size),
    totals: { images, cache, mounts, sources, temporary },
    reclaimable: total - images,
    total,
  };
}

function imageRows({ images }: StoreUsage): UsageRow[] {
  return images.map((image) => ({
    id: image.descriptor.digest,
    type: 'image',
    size: image.size,
    reclaimable: !image.named,
    used: image.updatedAt,
    description: image.named ? shownName(image) : '<none>',
  }));
}

function cacheRows({ layers, imageLayers, blobs, results }: StoreUsage, needed: ReadonlySet<string>): UsageRow[] {
  const used = new Map<string, number>();
  const names = new Map<string, string>();
  for (const result of results) {
    for (const { id, blob, created } of result.layers) {
      used.set(id, Math.max(used.get(id) ?? 0, result.used));
      if (blob !== undefined) {
        used.set(blob.digest, Math.max(used.get(blob.digest) ?? 0, result.used));
        names.set(blob.digest, 'a base image’s layer, compressed');
      }
      names.set(id, created === undefined ? 'a base image’s layer, unpacked' : 'what a step wrote');
    }
  }
  const at = (id: string) => (used.has(id) ? { used: used.get(id) ?? 0 } : {});
  const unpacked = [...layers].map(([id, size]): UsageRow => ({
    id,
    type: 'layer',
    size,
    reclaimable: true,
    ...at(id),
    description: names.get(id) ?? (imageLayers.has(id) ? 'an image’s layer, unpacked' : 'a layer that nothing needs'),
  }));
  const compressed = [...blobs].flatMap(([digest, size]): UsageRow[] =>
    needed.has(digest)
      ? []
      : [
          {
            id: digest,
            type: 'blob',
            size,
            reclaimable: true,
            ...at(digest),
            description: names.get(digest) ?? 'a step’s layer compressed, or a manifest',
          },
        ],
  );
  return [...unpacked, ...compressed];
}

function fileRows({ mounts, files }: StoreUsage): UsageRow[] {
  const words = {
    context: 'what is known of a context’s files',
    http: 'a download',
    git: 'a git repository',
    emulator: 'QEMU, prepared for native tools',
    pack: 'native tools for emulated steps',
    package: 'what such a pack is made of',
    temporary: 'a leftover',
  };
  return [
    ...mounts.map(({ name, size, used }): UsageRow => ({
      id: name,
      type: 'cache-mount',
      size,
      reclaimable: true,
      used,
      description: 'RUN --mount=type=cache',
    })),
    ...files.map(({ kind, path, size, used }): UsageRow => ({
      id: path.slice(path.lastIndexOf('/') + 1),
      type: kind,
      size,
      reclaimable: true,
      used,
      description: words[kind],
    })),
  ];
}
