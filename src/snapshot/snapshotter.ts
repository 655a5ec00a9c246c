import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { DigestCounter } from '../archive/digest-counter.ts';
import type { Digest } from '../oci/digest.ts';
import { hasCode, PolyarchError } from '../util/error.ts';
import { copyDriver } from './copy-driver.ts';
import { diffTree } from './diff.ts';
import type { SnapshotDriver, Stage } from './driver.ts';
import { type ElfFile, elfFiles } from './elf-files.ts';
import type { DescribedLayer } from './implied-folders.ts';
import type { ActiveSnapshot, DiffOptions, Layer, LayerChain, Mounted, Snapshotter } from './layer.ts';
import { readFacts, writeFacts } from './layer-facts.ts';
import type { LayerFacts } from './layer-facts.ts';
import { overlayDriver } from './overlay-driver.ts';
import { probeOverlay } from './overlay.ts';
import { tidyLayer } from './tidy-layer.ts';
import { unpackLayer } from './unpack.ts';
import type { UnpackWarning } from './unpack.ts';
import { WorkFolder } from './work-folder.ts';

export interface SnapshotterOptions {
  /** The `snapshots` folder, absolute; made when missing. */
  readonly root: string;
  /** For a user namespace with a single id: owners become 0:0 instead of failing with OWNER_UNMAPPED. */
  readonly flattenOwners?: boolean;
  /** `auto` (the default) mounts overlayfs where it works below `root`, else copies. */
  readonly kind?: 'auto' | 'overlay' | 'copy';
  /** Once a layer for each kind of thing that it could not keep. */
  readonly onWarning?: (warning: UnpackWarning & { readonly layer: string }) => void;
}

/** The snapshotter, with what is the engine's alone. */
export interface OpenSnapshotter extends Snapshotter, AsyncDisposable {
  /** How snapshots are made here. The kernel is asked once, by the first snapshot or by this. */
  kind(): 'overlay' | 'copy';
  /** The layer's folder, in overlayfs's format. */
  folder(layer: Layer): string;
}

/**
 * Opens the layers below `root`; several processes may at once. Disposing of it unmounts and removes what was
 * not committed.
 *
 * On disk, `ID/fs` and `ID/layer.json` are a layer, whole since the one rename that put them there;
 * `.work/OWNER/N` is what a process is making. Nothing depends on a process ending well; only a loss of power
 * can leave a layer of the last seconds incomplete (docs/decisions/0007-layers.md).
 */
export function openSnapshotter(options: SnapshotterOptions): OpenSnapshotter {
  return new Snapshots(options);
}

const ID = /^[a-z0-9][a-z0-9-]{0,127}$/;

class Snapshots implements OpenSnapshotter {
  readonly #options: SnapshotterOptions;
  readonly #root: string;
  readonly #work: WorkFolder;
  readonly #unpacking = new Map<string, Promise<Digest>>();
  readonly #facts = new Map<string, LayerFacts>();
  readonly #open = new Set<AsyncDisposable>();
  #found: SnapshotDriver | undefined;

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    this.#root = options.root;
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
    this.#work = WorkFolder.open(join(this.#root, '.work'));
  }

  kind(): 'overlay' | 'copy' {
    return this.#driver().kind;
  }

  folder(layer: Layer): string {
    if (!ID.test(layer.id)) throw new Error(`${JSON.stringify(layer.id)} is no layer id`);
    return join(this.#root, layer.id, 'fs');
  }

  has(layer: Layer): boolean {
    return existsSync(this.folder(layer));
  }

  async unpack(layer: Layer, tar: AsyncIterable<Uint8Array>, options: { signal?: AbortSignal } = {}): Promise<Digest> {
    for (let running = this.#unpacking.get(layer.id); running !== undefined; running = this.#unpacking.get(layer.id)) {
      const done = await running.then(Boolean, () => false);
      if (done) break;
      // That one failed or was aborted: now it is this one's turn.
      if (this.#unpacking.get(layer.id) === running) this.#unpacking.delete(layer.id);
    }
    options.signal?.throwIfAborted();
    const work = this.#unpack(layer, tar, options);
    this.#unpacking.set(layer.id, work);
    try {
      return await work;
    } finally {
      if (this.#unpacking.get(layer.id) === work) this.#unpacking.delete(layer.id);
    }
  }

  async view(chain: LayerChain): Promise<Mounted> {
    const layers = this.#describe(chain);
    const [only] = layers;
    if (only !== undefined && layers.length === 1 && !only.facts.whiteouts)
      return { path: only.fs, async [Symbol.asyncDispose]() {} };
    const folder = this.#newFolder();
    if (layers.length === 0) return this.#mounted({ path: folder, release() {} }, folder);
    return this.#mounted(await this.#stage(folder, this.#driver().view(layers, folder)), folder);
  }

  async prepare(chain: LayerChain, id: string): Promise<ActiveSnapshot> {
    this.folder({ id }); // checks the id
    const layers = this.#describe(chain);
    const folder = this.#newFolder();
    const stage =
      layers.length === 0 ? scratch(folder) : await this.#stage(folder, this.#driver().prepare(layers, folder));
    const mounted = this.#mounted(stage, folder);
    return Object.assign(mounted, {
      commit: async (): Promise<Layer> => {
        await stage.seal();
        if (layers.length > 0) tidyLayer(join(folder, 'fs'), layers);
        this.#publish(folder, id, { whiteouts: layers.length > 0, implied: [] });
        await mounted[Symbol.asyncDispose]();
        const { diffId } = this.#factsOf(id);
        return diffId === undefined ? { id } : { id, diffId };
      },
    });
  }

  diff(layer: Layer, options: DiffOptions = {}): AsyncIterable<Uint8Array> {
    const { lower, ...rest } = options;
    const lowers = lower === undefined ? {} : { lowers: lower.map((below) => this.folder(below)) };
    return diffTree(this.#describe([layer])[0]?.fs ?? '', { ...rest, ...lowers });
  }

  elfFiles(layer: Layer, options: { signal?: AbortSignal } = {}): Promise<readonly ElfFile[]> {
    return elfFiles(this.#describe([layer])[0]?.fs ?? '', options);
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      this.folder({ id }); // checks the id
      const gone = this.#work.next();
      try {
        renameSync(join(this.#root, id), gone);
      } catch (error) {
        if (hasCode(error, 'ENOENT')) continue;
        throw error;
      }
      this.#facts.delete(id);
      await rm(gone, { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const mounted of this.#open) await mounted[Symbol.asyncDispose]();
    await this.#work[Symbol.asyncDispose]();
  }

  async #unpack(layer: Layer, tar: AsyncIterable<Uint8Array>, options: { signal?: AbortSignal }): Promise<Digest> {
    if (this.has(layer)) {
      const known = this.#factsOf(layer.id).diffId;
      if (known === undefined) return digestOfStream(tar);
      await discard(tar);
      return known;
    }
    const folder = this.#newFolder();
    const fs = join(folder, 'fs');
    mkdirSync(fs);
    try {
      const { flattenOwners } = this.#options;
      const { digest, implied, whiteouts } = await unpackLayer(tar, fs, {
        ...options,
        algorithm: layer.diffId?.startsWith('sha512:') === true ? 'sha512' : 'sha256',
        ...(flattenOwners === undefined ? {} : { flattenOwners }),
        onWarning: (warning) => this.#options.onWarning?.({ ...warning, layer: layer.id }),
      });
      // A layer is found by its diffID from any image: one that lies about it must not be.
      if (layer.diffId !== undefined && digest !== layer.diffId) throw wrongDiffId(layer, digest);
      this.#publish(folder, layer.id, { diffId: digest, whiteouts, implied });
      return digest;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Makes a finished folder the layer, unless another process was quicker. */
  #publish(folder: string, id: string, facts: LayerFacts): void {
    writeFacts(folder, facts);
    try {
      renameSync(folder, join(this.#root, id));
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }

  #driver(): SnapshotDriver {
    if (this.#found !== undefined) return this.#found;
    const kind = this.#options.kind ?? 'auto';
    const overlay =
      kind === 'auto' ? probeOverlay(this.#root, relative(this.#root, this.#work.next())) : kind === 'overlay';
    this.#found = overlay ? overlayDriver(this.#root) : copyDriver;
    return this.#found;
  }

  /** From the lowest up; of a layer that comes again only the highest, which makes the lower ones say nothing. */
  #describe(chain: LayerChain): DescribedLayer[] {
    const highest = new Map(chain.map(({ id }, i) => [id, i]));
    // Overlayfs refuses (ELOOP) to stack one folder twice.
    const once = chain.filter(({ id }, i) => highest.get(id) === i);
    return once.map((layer) => {
      const fs = this.folder(layer);
      if (!existsSync(fs)) throw new PolyarchError('LAYER_MISSING', `the layer ${layer.id} is not below ${this.#root}`);
      return { fs, facts: this.#factsOf(layer.id) };
    });
  }

  #factsOf(id: string): LayerFacts {
    const known = this.#facts.get(id) ?? readFacts(join(this.#root, id));
    this.#facts.set(id, known);
    return known;
  }

  #newFolder(): string {
    const folder = this.#work.next();
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  async #stage<S extends Stage>(folder: string, made: Promise<S>): Promise<S> {
    try {
      return await made;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  #mounted(stage: Stage, folder: string): Mounted {
    const mounted: Mounted = {
      path: stage.path,
      [Symbol.asyncDispose]: async () => {
        if (!this.#open.delete(mounted)) return;
        await stage.release();
        await rm(folder, { recursive: true, force: true });
      },
    };
    this.#open.add(mounted);
    return mounted;
  }
}

/** A snapshot over nothing is a plain folder. */
function scratch(folder: string): Stage & { seal(): Promise<void> } {
  const path = join(folder, 'fs');
  mkdirSync(path, { mode: 0o755 });
  return { path, release() {}, async seal() {} };
}

/** Lets go of a stream that nobody needs. */
async function discard(tar: AsyncIterable<Uint8Array>): Promise<void> {
  if (tar instanceof Readable) tar.destroy();
  else await tar[Symbol.asyncIterator]().return?.();
}

async function digestOfStream(tar: AsyncIterable<Uint8Array>): Promise<Digest> {
  const counter = new DigestCounter();
  for await (const chunk of tar) counter.update(chunk);
  return counter.digest;
}

function wrongDiffId(layer: Layer, found: Digest): PolyarchError {
  const blob = layer.blob === undefined ? '' : ` (blob ${layer.blob.digest})`;
  return new PolyarchError(
    'DIGEST_MISMATCH',
    `layer ${layer.diffId}${blob} unpacks to ${found}: the image's config does not tell the truth about it`,
    {
      hint: 'the image was put together wrongly: build or push it again',
    },
  );
}
