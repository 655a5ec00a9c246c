import type { DatabaseSync } from 'node:sqlite';
import type { Readable } from 'node:stream';
import type { DiskStore } from '../content/blob-store.ts';
import type { Abortable } from '../content/storage.ts';
import type { LayerService, PackOptions, PackedLayer } from '../exporter/contract.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { compressionOf } from '../oci/media-types.ts';
import type { ElfFile } from '../snapshot/elf-files.ts';
import type { Layer, LayerChain } from '../snapshot/layer.ts';
import type { Images } from '../worker/images.ts';
import type { LookedUp, WorkerMethods } from '../worker/protocol.ts';
import type { RpcClient } from '../worker/rpc.ts';
import { ELF_SCHEMA, loadElfs, saveElfs } from './layer-elfs.ts';

export const LAYER_SCHEMA = `
  CREATE TABLE IF NOT EXISTS packed_layers (layer TEXT NOT NULL, form TEXT NOT NULL, packed TEXT NOT NULL, PRIMARY KEY (layer, form)) WITHOUT ROWID;
  ${ELF_SCHEMA}
`;

export interface LayerServiceOptions {
  readonly db: DatabaseSync;
  readonly content: DiskStore;
  readonly images: Images;
  readonly worker: () => Promise<RpcClient<WorkerMethods>>;
  readonly unpack: (layers: LayerChain, signal: AbortSignal | undefined) => Promise<LayerChain>;
}

/** Layers as the exporters see them: packed once for each form, the packing done in the worker. */
export class Layers implements LayerService {
  readonly #options: LayerServiceOptions;
  readonly #packing = new Map<string, Promise<PackedLayer>>();

  constructor(options: LayerServiceOptions) {
    this.#options = options;
  }

  pack(layers: LayerChain, options: PackOptions): Promise<readonly PackedLayer[]> {
    return Promise.all(layers.map((layer) => this.#packed(layer, options)));
  }

  async fetch(descriptor: Descriptor, options: Abortable = {}): Promise<Readable> {
    await this.#options.images.provide(descriptor, options);
    return this.#options.content.fetch(descriptor, options);
  }

  origins(descriptor: Descriptor): readonly string[] {
    return this.#options.images.origins(descriptor.digest);
  }

  noteOrigins(repository: string, layers: readonly Descriptor[]): void {
    this.#options.images.noteOrigins(repository, layers);
  }

  async exportDirectory(
    layers: LayerChain,
    destination: string,
    options: { clampMtime?: number; name?: string; signal?: AbortSignal } = {},
  ): Promise<readonly ElfFile[]> {
    const { name } = options;
    return this.#export({ layers, kind: 'directory', destination, ...(name === undefined ? {} : { name }) }, options);
  }

  async moveDirectory(from: string, to: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const worker = await this.#options.worker();
    await worker.call('move', { from, to }, { signal });
  }

  async removeTree(path: string): Promise<void> {
    const worker = await this.#options.worker();
    await worker.call('removeTree', { path });
  }

  async exportTar(
    layers: LayerChain,
    file: string,
    options: { prefix?: string; clampMtime?: number; signal?: AbortSignal } = {},
  ): Promise<readonly ElfFile[]> {
    const { prefix } = options;
    return this.#export(
      { layers, kind: 'tar', destination: file, ...(prefix === undefined ? {} : { prefix }) },
      options,
    );
  }

  async #export(
    params: { layers: LayerChain; kind: 'directory' | 'tar'; destination: string; prefix?: string; name?: string },
    { clampMtime, signal }: { clampMtime?: number; signal?: AbortSignal },
  ): Promise<readonly ElfFile[]> {
    const layers = await this.#options.unpack(params.layers, signal);
    const worker = await this.#options.worker();
    return worker.call(
      'export',
      { ...params, layers, ...(clampMtime === undefined ? {} : { clampMtime }) },
      { signal },
    );
  }

  /** The digest of its tar, when it is known. */
  diffId(layer: Layer): Digest | undefined {
    if (layer.diffId !== undefined) return layer.diffId;
    const row = this.#options.db.prepare('SELECT packed FROM packed_layers WHERE layer = ?').get(layer.id);
    // Written by #pack.
    return row === undefined ? undefined : (JSON.parse(String(row['packed'])) as PackedLayer).diffId;
  }

  /** The programs and shared libraries in a layer: told when it was packed, else read once. */
  async elfs(layer: Layer, { signal }: { signal?: AbortSignal } = {}): Promise<readonly ElfFile[]> {
    const { db, unpack } = this.#options;
    const known = loadElfs(db, layer.id);
    if (known !== undefined) return known;
    await unpack([layer], signal);
    const worker = await this.#options.worker();
    const found = await worker.call('elfs', { layer }, { signal });
    saveElfs(db, layer.id, found);
    return found;
  }

  /** Finds files in a root filesystem; see WorkerMethods. */
  async lookUp(
    layers: LayerChain,
    { signal, ...what }: { paths: readonly string[]; folders: readonly string[]; signal?: AbortSignal },
  ): Promise<LookedUp> {
    await this.#options.unpack(layers, signal);
    const worker = await this.#options.worker();
    return worker.call('lookUp', { layers, ...what }, { signal });
  }

  #packed(layer: Layer, options: PackOptions): Promise<PackedLayer> {
    const { compression, clampMtime, forceCompression = false } = options;
    const { blob, diffId } = layer;
    const fits = !forceCompression || compressionOf(blob?.mediaType ?? '') === compression.type;
    // rewrite-timestamp leaves the base image's layers alone, as BuildKit does.
    if (blob !== undefined && diffId !== undefined && fits) return Promise.resolve({ descriptor: blob, diffId });
    const form = `${compression.type}:${compression.level ?? ''}:${clampMtime ?? ''}`;
    const key = `${layer.id} ${form}`;
    const known = this.#packing.get(key) ?? this.#find(layer, form) ?? this.#pack(layer, form, options);
    this.#packing.set(key, known);
    return known;
  }

  #find(layer: Layer, form: string): Promise<PackedLayer> | undefined {
    const row = this.#options.db
      .prepare('SELECT packed FROM packed_layers WHERE layer = ? AND form = ?')
      .get(layer.id, form);
    if (row === undefined) return undefined;
    const packed = JSON.parse(String(row['packed'])) as PackedLayer; // written by #pack
    return this.#options.content.hasSync(packed.descriptor) ? Promise.resolve(packed) : undefined;
  }

  async #pack(layer: Layer, form: string, { compression, clampMtime, signal }: PackOptions): Promise<PackedLayer> {
    await this.#options.unpack([layer], signal);
    const worker = await this.#options.worker();
    const step = { layer, compression, ...(clampMtime === undefined ? {} : { clampMtime }) };
    const { elfs, ...packed } = await worker.call('pack', step, { signal });
    saveElfs(this.#options.db, layer.id, elfs);
    this.#options.db
      .prepare('INSERT OR REPLACE INTO packed_layers (layer, form, packed) VALUES (?, ?, ?)')
      .run(layer.id, form, JSON.stringify(packed));
    return packed;
  }
}
