import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { DiskStore } from '../content/blob-store.ts';
import { ImageStore } from '../content/image-store.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { debug } from '../util/debug.ts';
import { PolyarchError, messageOf } from '../util/error.ts';
import type { Layer, LayerChain } from '../snapshot/layer.ts';
import { openDatabase } from '../util/database.ts';
import { type Lock, lock, tryLock } from '../util/lock.ts';
import { makeFolder } from '../util/make-folder.ts';
import { type ImageRemote, Images, IMAGES_SCHEMA } from './images.ts';
import { type StorePaths, storePaths } from './paths.ts';
import type { WorkerMethods } from './protocol.ts';
import type { FolderRef, Ref } from './ref.ts';
import { RESULT_SCHEMA, StoredResults } from './result-cache.ts';
import type { RpcClient } from './rpc.ts';
import { StepTimes, TIMES_SCHEMA } from './step-times.ts';
import { sweepLeftovers } from './sweep.ts';
import { WorkerProcess, type WorkerStdio } from './worker-process.ts';

export interface EngineOptions {
  /** The store's folder. */
  readonly home: string;
  /** Where images that are not in the store are looked up. */
  readonly remote: ImageRemote;
  /** The worker's entry module, absolute, and its environment. */
  readonly workerEntry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Said to the person at once. */
  readonly notice: (text: string) => void;
  /** Schemas of tables that others keep in the store's database. */
  readonly schema?: string;
  /** `exclusive` waits until no other process has the store open, for a prune; `if-free` takes it so when none has. Default: shared. */
  readonly hold?: 'shared' | 'exclusive' | 'if-free';
  /** The worker's stdin, stdout and stderr. Default: ignore, inherit, inherit. */
  readonly stdio?: WorkerStdio;
}

/** The store and the worker of one process. Opening it starts nothing; the worker comes when a call needs it. */
export class Engine implements AsyncDisposable {
  readonly paths: StorePaths;
  readonly db: DatabaseSync;
  readonly content: DiskStore;
  readonly store: ImageStore;
  readonly images: Images;
  readonly results: StoredResults;
  readonly times: StepTimes;
  /** Told of a layer's download: bytes so far and in all. */
  onPull: ((layer: Layer, current: number, total: number) => void) | undefined;
  /** No other process has the store open. */
  readonly exclusive: boolean;
  readonly #worker: WorkerProcess;
  readonly #inUse: Lock;
  readonly #unpacking = new Map<string, Promise<void>>();

  private constructor(options: EngineOptions, { inUse, exclusive }: { inUse: Lock; exclusive: boolean }) {
    this.exclusive = exclusive;
    this.paths = storePaths(options.home);
    this.db = openDatabase(
      this.paths.database,
      [IMAGES_SCHEMA, RESULT_SCHEMA, TIMES_SCHEMA, options.schema ?? ''].join('\n'),
    );
    this.content = new DiskStore(this.paths.content);
    this.store = new ImageStore(this.paths.database);
    this.images = new Images({
      content: this.content,
      store: this.store,
      db: this.db,
      remote: options.remote,
      notice: options.notice,
    });
    this.results = new StoredResults(this.db, this.paths);
    this.times = new StepTimes(this.db);
    this.#worker = new WorkerProcess({
      entry: options.workerEntry,
      home: options.home,
      env: options.env,
      notice: options.notice,
      ...(options.stdio === undefined ? {} : { stdio: options.stdio }),
    });
    this.#inUse = inUse;
  }

  /** Opens the store, shared with other processes; waits while one prunes it. */
  static async open(options: EngineOptions & { signal?: AbortSignal }): Promise<Engine> {
    const { hold = 'shared', notice, signal } = options;
    makeHome(options.home);
    const file = join(storePaths(options.home).locks, 'store');
    sweepLeftovers(storePaths(options.home));
    const alone = hold === 'if-free' ? tryLock(file) : undefined;
    const inUse =
      alone ??
      (await lock(file, {
        mode: hold === 'exclusive' ? 'exclusive' : 'shared',
        onWait: () =>
          notice(
            hold === 'exclusive'
              ? 'waiting for other polyarch processes to end'
              : 'waiting for a prune of the store to end',
          ),
        ...(signal === undefined ? {} : { signal }),
      }));
    try {
      return new Engine(options, { inUse, exclusive: alone !== undefined || hold === 'exclusive' });
    } catch (error) {
      inUse[Symbol.dispose]();
      throw error;
    }
  }

  worker(): Promise<RpcClient<WorkerMethods>> {
    return this.#worker.connect();
  }

  /** Whether the layer is unpacked here. */
  hasLayer(id: string): boolean {
    return existsSync(join(this.paths.snapshots, id));
  }

  newLayerId(): string {
    return `step-${randomUUID()}`;
  }

  /** Makes sure that every layer's folder is there; downloads and unpacks what is missing, in parallel. */
  async unpack(layers: LayerChain, signal?: AbortSignal): Promise<LayerChain> {
    await Promise.all(layers.map((layer) => this.#unpackOnce(layer, signal)));
    return layers;
  }

  /** A result as layers for the worker: a folder is copied into one first, once for each content. */
  async materialize(ref: Ref, signal: AbortSignal): Promise<LayerChain> {
    return this.unpack(ref.kind === 'layers' ? ref.layers : await this.#folderLayers(ref, signal), signal);
  }

  async #folderLayers(ref: FolderRef, signal: AbortSignal): Promise<LayerChain> {
    const id = digestOf(`folder ${ref.digest}`);
    using _held = await this.results.lock(id, { signal });
    const known = this.results.load(id)?.[0];
    if (known?.kind === 'layers') return known.layers;
    const worker = await this.worker();
    const copy = {
      kind: 'copy',
      source: ref.scan.source,
      sourcePath: '/',
      destPath: '/',
      dirCopyContents: true,
      createDestPath: true,
    } as const;
    const layer = await worker.call('files', { base: [], layerId: this.newLayerId(), actions: [copy] }, { signal });
    const layers = [{ ...layer, created: Date.now() }];
    this.results.save(id, [{ kind: 'layers', layers }], []);
    return layers;
  }

  #unpackOnce(layer: Layer, signal: AbortSignal | undefined): Promise<void> {
    const known = this.#unpacking.get(layer.id);
    if (known !== undefined) return known;
    const work = this.#unpackLayer(layer, signal);
    this.#unpacking.set(layer.id, work);
    work.catch(() => this.#unpacking.delete(layer.id));
    return work;
  }

  async #unpackLayer(layer: Layer, signal: AbortSignal | undefined): Promise<void> {
    if (existsSync(join(this.paths.snapshots, layer.id))) return;
    const { blob } = layer;
    if (blob === undefined) throw new Error(`layer ${layer.id} has neither a folder nor a blob`);
    const path = this.content.path(blob.digest);
    let attempt: { readonly abort: AbortController; readonly done: Promise<unknown> } | undefined;
    const unpack = (growing?: string) => {
      attempt?.abort.abort(new Error('the download began anew'));
      const abort = new AbortController();
      const stop = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
      const params = { layer, blob: path, mediaType: blob.mediaType, ...(growing === undefined ? {} : { growing }) };
      const done = this.worker().then((worker) => worker.call('unpack', params, { signal: stop }));
      done.catch(() => {});
      return (attempt = { abort, done });
    };
    try {
      // A large blob is unpacked while it comes; the folder's name is its content's digest, so it is checked all the same.
      await this.images.provide(blob, {
        ...(signal === undefined ? {} : { signal }),
        onProgress: (current) => this.onPull?.(layer, current, blob.size),
        onWriting: unpack,
      });
      await (attempt ?? unpack()).done;
    } catch (error) {
      attempt?.abort.abort(error);
      await attempt?.done.catch(() => {});
      throw namingLayer(error, blob.digest, this.images.origins(blob.digest)[0]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
    try {
      this.results.touch();
    } catch (error) {
      // Only an order for prune; a full disk must not fail what is done.
      debug('engine', () => `the use of results was not noted: ${messageOf(error)}`);
    }
    this.store[Symbol.dispose]();
    this.db.close();
    this.#inUse[Symbol.dispose]();
  }
}

/** What is wrong with an archive is said of the layer that it is. */
function namingLayer(error: unknown, digest: Digest, origin: string | undefined): unknown {
  if (!(error instanceof PolyarchError) || !error.code.startsWith('ARCHIVE_')) return error;
  const from = origin === undefined ? '' : ` of ${origin}`;
  return new PolyarchError(error.code, `layer ${digest}${from}: ${error.message}`, {
    cause: error,
    details: { ...error.details, digest },
    hint: error.hint ?? 'the image was put together wrongly: build or push it again',
  });
}

/** What is built need not be everybody's to read. */
function makeHome(home: string): void {
  try {
    makeFolder(home, { mode: 0o700 });
  } catch (error) {
    throw new PolyarchError('STORE_UNUSABLE', `the store ${home} cannot be made: ${messageOf(error)}`, {
      hint: 'name another folder in POLYARCH_HOME',
      cause: error,
    });
  }
}
