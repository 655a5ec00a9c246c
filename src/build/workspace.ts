import { OciLayout } from '../content/oci-layout.ts';
import type { Fetcher, Resolver } from '../content/storage.ts';
import { parseReference } from '../oci/reference.ts';
import type { Connections } from '../registry/connections.ts';
import type { RegistryClient } from '../registry/client.ts';
import type { Repository } from '../registry/repository.ts';
import { Engine, type EngineOptions } from '../worker/engine.ts';
import type { WorkerStdio } from '../worker/worker-process.ts';
import { LAYER_SCHEMA, Layers } from './layers.ts';
import { openRegistries, type RegistryOptions } from './registries.ts';

/** Where things are and how registries are reached; the CLI makes it of its environment and flags. */
export interface WorkspaceOptions extends RegistryOptions {
  /** The worker's entry module, absolute. */
  readonly workerEntry: string;
  /** How the store is held; see EngineOptions. */
  readonly hold?: EngineOptions['hold'];
  /** The worker's stdin, stdout and stderr. Default: ignore, inherit, inherit. */
  readonly workerStdio?: WorkerStdio;
  readonly signal?: AbortSignal;
}

/** The store, the worker and the registries of one command. Opening it connects to nothing. */
export class Workspace implements AsyncDisposable {
  readonly engine: Engine;
  readonly layers: Layers;
  readonly #options: WorkspaceOptions;
  #connections: Connections | undefined;
  readonly #layouts: Map<string, string>;
  readonly #clients: Map<string, Promise<RegistryClient>>;

  private constructor(
    options: WorkspaceOptions,
    engine: Engine,
    parts: { layouts: Map<string, string>; clients: Map<string, Promise<RegistryClient>> },
  ) {
    this.#options = options;
    this.engine = engine;
    this.#layouts = parts.layouts;
    this.#clients = parts.clients;
    this.layers = new Layers({
      db: engine.db,
      content: engine.content,
      images: engine.images,
      worker: () => engine.worker(),
      unpack: (layers, signal) => engine.unpack(layers, signal),
    });
  }

  static async open(options: WorkspaceOptions): Promise<Workspace> {
    const layouts = new Map<string, string>();
    const clients = new Map<string, Promise<RegistryClient>>();
    const repositories = new Map<string, Repository>();
    const open = async (repository: string): Promise<Resolver & Fetcher> => {
      const layout = layouts.get(repository);
      if (layout !== undefined) return OciLayout.open(layout);
      const client = await registryClient(options, clients, { insecure: [] });
      // One of each: it keeps what it learnt.
      const known = repositories.get(repository) ?? client.repository(parseReference(repository));
      repositories.set(repository, known);
      return known;
    };
    const engine = await Engine.open({
      home: options.home,
      remote: { open },
      workerEntry: options.workerEntry,
      env: options.env,
      notice: options.notice,
      schema: LAYER_SCHEMA,
      ...(options.hold === undefined ? {} : { hold: options.hold }),
      ...(options.workerStdio === undefined ? {} : { stdio: options.workerStdio }),
      signal: options.signal,
    });
    return new Workspace(options, engine, { layouts, clients });
  }

  /** Offers an OCI layout folder as `oci-layout://NAME`; gives the name. */
  addLayout(folder: string): string {
    const known = [...this.#layouts].find(([, path]) => path === folder)?.[0];
    if (known !== undefined) return known.slice('oci-layout://'.length);
    const name = `layout-${this.#layouts.size}`;
    this.#layouts.set(`oci-layout://${name}`, folder);
    return name;
  }

  /** The client of all registries; any certificate and plain http are fine for the hosts in `insecure`. */
  registry(options: { insecure: readonly string[] } = { insecure: [] }): Promise<RegistryClient> {
    return registryClient(this.#options, this.#clients, options);
  }

  /** For downloads that are no registry's: ADD from the web, a tarball as the context. */
  async connections(): Promise<Connections> {
    if (this.#connections === undefined) {
      const [{ Connections }, { proxyFromEnvironment }] = await Promise.all([
        import('../registry/connections.ts'),
        import('../registry/proxy.ts'),
      ]);
      this.#connections ??= new Connections({ proxy: proxyFromEnvironment(this.#options.env) });
    }
    return this.#connections;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients.values()) (await client.catch(() => undefined))?.close();
    this.#connections?.close();
    await this.engine[Symbol.asyncDispose]();
  }
}

function registryClient(
  options: WorkspaceOptions,
  clients: Map<string, Promise<RegistryClient>>,
  { insecure }: { insecure: readonly string[] },
): Promise<RegistryClient> {
  const key = insecure.join(' ');
  const known = clients.get(key) ?? openRegistries(options, { insecure });
  clients.set(key, known);
  return known;
}
