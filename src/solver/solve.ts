import { randomUUID } from 'node:crypto';
import { type Digest, digestOf } from '../oci/digest.ts';
import type { ProgressSink } from './progress.ts';
import type { CacheMap, Edge, OpContext, ResultCache, Vertex } from './vertex.ts';

export interface SolveOptions<R> {
  readonly cache: ResultCache<R>;
  readonly progress: ProgressSink;
  /** Called with the vertex and its failure; what it returns is thrown. */
  readonly explain?: (vertex: Vertex<R>, error: unknown) => unknown;
  readonly signal?: AbortSignal;
}

/**
 * Solves a graph of vertices. First every vertex is identified from the bottom up: its key is made of its
 * own digest and its inputs' ids, so a hit needs neither the inputs' results nor a worker. Where the key
 * misses and the step reads only a part of an input, a second key is made of that part's content. Then
 * only what is asked for and not stored is run, once, however many ask.
 */
export class Solver<R> implements AsyncDisposable {
  readonly #vertices = new Map<Digest, Vertex<R>>();
  readonly #identities = new Map<Digest, Promise<Identity<R>>>();
  readonly #results = new Map<Digest, Promise<readonly R[]>>();
  readonly #optional = new Set<Digest>();
  readonly #settling = new Set<Promise<unknown>>();
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  readonly #options: SolveOptions<R>;
  #solving = false;

  constructor(options: SolveOptions<R>) {
    this.#options = options;
    this.#signal =
      options.signal === undefined ? this.#abort.signal : AbortSignal.any([options.signal, this.#abort.signal]);
  }

  /**
   * Adds vertices; one that is there already stays. A failure of one that was only ever added as optional fails what
   * needs it, and nothing else.
   */
  add(vertices: Iterable<Vertex<R>>, { optional = false }: { optional?: boolean } = {}): void {
    for (const vertex of vertices) {
      if (!optional) this.#optional.delete(vertex.digest);
      else if (!this.#vertices.has(vertex.digest)) this.#optional.add(vertex.digest);
      if (this.#vertices.has(vertex.digest)) continue;
      this.#vertices.set(vertex.digest, vertex);
      this.#options.progress({ kind: 'vertex', ...describe(vertex) });
    }
  }

  /** The result of an edge. The first failure anywhere stops the whole solve, but for optional vertices. */
  async solve(edge: Edge): Promise<R> {
    this.#solving = true;
    try {
      return await this.#result(edge);
    } catch (error) {
      this.#failed(edge.vertex, error);
      throw error;
    }
  }

  /** The stable id of an edge's result, without making it. */
  async identify(edge: Edge): Promise<Digest> {
    const { id } = await this.#identify(edge.vertex);
    return edge.output === 0 ? id : digestOf(`${id} ${edge.output}`);
  }

  /** Stops everything and waits until nothing of it runs any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('the solve has ended'));
    while (this.#settling.size > 0) await Promise.allSettled(this.#settling);
  }

  #vertex(digest: Digest): Vertex<R> {
    const vertex = this.#vertices.get(digest);
    if (vertex === undefined) throw new Error(`vertex ${digest} is not in the graph`);
    return vertex;
  }

  #identify(digest: Digest): Promise<Identity<R>> {
    return once(this.#identities, digest, () => this.#track(digest, this.#identifyAndStart(this.#vertex(digest))));
  }

  /**
   * A result that was never made has an id that nothing in the cache builds on, so whatever needs it has to be made
   * too, and it with it: it starts at once, beside those that others wait for.
   */
  async #identifyAndStart(vertex: Vertex<R>): Promise<Identity<R>> {
    const identity = await this.#identifyVertex(vertex);
    // A failure ends the whole solve, see #track.
    if (this.#solving && identity.keys.length > 0) this.#outputs(vertex, identity).catch(() => {});
    return identity;
  }

  async #identifyVertex(vertex: Vertex<R>): Promise<Identity<R>> {
    const context = this.#context(vertex);
    const started = Date.now();
    const inputs = Promise.all(vertex.inputs.map((edge) => this.#identify(edge.vertex)));
    // Both are awaited below; a failure of one must not leave the other unhandled.
    inputs.catch(() => {});
    const map = await this.#guard(vertex, () => vertex.op.cacheMap(context));
    const inputIds = (await inputs).map((input, i) => `${input.id} ${vertex.inputs[i]?.output}`);
    const key = digestOf([map.digest, ...inputIds].join('\n'));
    if (map.immediate !== undefined) {
      const now = Date.now();
      this.#options.progress({ kind: 'vertex', ...describe(vertex), started, completed: now });
      return { id: key, keys: [], map, outputs: map.immediate };
    }
    if (vertex.ignoreCache === true) return { id: digestOf(`${key} ${randomUUID()}`), keys: [key], map };
    const hit = this.#options.cache.find(key);
    if (hit !== undefined) return this.#known(vertex, { id: hit, keys: [], map });
    const contentKey = await this.#contentKey(vertex, map, inputIds, context);
    if (contentKey === undefined) return { id: key, keys: [key], map };
    const same = this.#options.cache.find(contentKey);
    if (same === undefined) return { id: contentKey, keys: [key, contentKey], map };
    this.#options.cache.alias(key, same);
    return this.#known(vertex, { id: same, keys: [], map });
  }

  /** A result with a known id keeps it, even when its outputs were removed since and have to be made again. */
  #known(vertex: Vertex<R>, identity: Identity<R>): Identity<R> {
    if (this.#options.cache.load(identity.id) === undefined) return identity;
    const now = Date.now();
    this.#options.progress({ kind: 'vertex', ...describe(vertex), started: now, completed: now, cached: true });
    return identity;
  }

  /** The key made of what the step reads, when it reads only parts of some inputs. */
  async #contentKey(
    vertex: Vertex<R>,
    map: CacheMap<R>,
    inputIds: readonly string[],
    context: OpContext,
  ): Promise<Digest | undefined> {
    if (map.inputs.every((input) => input === undefined)) return undefined;
    const parts = await Promise.all(
      inputIds.map(async (id, i) => {
        const edge = vertex.inputs[i];
        return map.inputs[i] === undefined || edge === undefined ? id : this.#contentOf(edge, map.inputs[i], context);
      }),
    );
    return digestOf(['content', map.digest, ...parts].join('\n'));
  }

  async #contentOf(
    edge: Edge,
    content: NonNullable<CacheMap<R>['inputs'][number]>,
    context: OpContext,
  ): Promise<Digest> {
    const { id } = await this.#identify(edge.vertex);
    const known = this.#options.cache.findContent(id, edge.output, content.selector);
    if (known !== undefined) return known;
    const result = await this.#result(edge);
    const digest = await this.#guard(this.#vertex(context.vertex), () => content.digest(result, context));
    this.#options.cache.saveContent(id, edge.output, content.selector, digest);
    return digest;
  }

  async #result(edge: Edge): Promise<R> {
    const identity = await this.#identify(edge.vertex);
    const vertex = this.#vertex(edge.vertex);
    const outputs = identity.outputs ?? (await this.#outputs(vertex, identity));
    const output = outputs[edge.output];
    if (output === undefined) throw new Error(`vertex ${vertex.name} has no output ${edge.output}`);
    return output;
  }

  #outputs(vertex: Vertex<R>, identity: Identity<R>): Promise<readonly R[]> {
    return once(this.#results, identity.id, () => this.#track(vertex.digest, this.#make(vertex, identity)));
  }

  async #make(vertex: Vertex<R>, identity: Identity<R>): Promise<readonly R[]> {
    const { cache, progress } = this.#options;
    const stored = cache.load(identity.id);
    if (stored !== undefined) return stored;
    const inputs = await Promise.all(vertex.inputs.map((edge) => this.#result(edge)));
    const context = this.#context(vertex);
    const started = Date.now();
    progress({ kind: 'vertex', ...describe(vertex), started });
    return this.#guard(
      vertex,
      async () => {
        const onWait = () =>
          progress({
            kind: 'status',
            vertex: vertex.digest,
            id: 'waiting',
            name: 'waiting for another build that runs this step',
            current: 0,
          });
        using _lock = await cache.lock(identity.id, { onWait, signal: this.#signal });
        const made = cache.load(identity.id);
        if (made !== undefined) {
          progress({ kind: 'vertex', ...describe(vertex), started, completed: Date.now(), cached: true });
          return made;
        }
        const outputs = await vertex.op.execute(inputs, context);
        cache.save(identity.id, outputs, identity.keys);
        progress({ kind: 'vertex', ...describe(vertex), started, completed: Date.now() });
        return outputs;
      },
      started,
    );
  }

  /** Tells the progress stream of a failure, and the caller in the words of `explain`. */
  async #guard<T>(vertex: Vertex<R>, body: () => Promise<T>, started = Date.now()): Promise<T> {
    try {
      this.#signal.throwIfAborted();
      return await body();
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      const text = error instanceof Error ? error.message : String(error);
      this.#options.progress({ kind: 'vertex', ...describe(vertex), started, completed: Date.now(), error: text });
      throw this.#options.explain?.(vertex, error) ?? error;
    }
  }

  #context(vertex: Vertex<R>): OpContext {
    return { vertex: vertex.digest, name: vertex.name, progress: this.#options.progress, signal: this.#signal };
  }

  #failed(vertex: Digest, error: unknown): void {
    if (!this.#optional.has(vertex)) this.#abort.abort(error);
  }

  #track<T>(vertex: Digest, work: Promise<T>): Promise<T> {
    this.#settling.add(work);
    work.then(
      () => this.#settling.delete(work),
      (error: unknown) => {
        this.#settling.delete(work);
        this.#failed(vertex, error);
      },
    );
    return work;
  }
}

/** What is known of a vertex's result before it is made. */
interface Identity<R> {
  readonly id: Digest;
  /** Keys that shall lead to the result once it is made. */
  readonly keys: readonly Digest[];
  readonly map: CacheMap<R>;
  readonly outputs?: readonly R[];
}

function describe<R>(vertex: Vertex<R>) {
  return {
    digest: vertex.digest,
    name: vertex.name,
    inputs: vertex.inputs.map((edge) => edge.vertex),
    ...(vertex.platform === undefined ? {} : { platform: vertex.platform }),
  };
}

function once<K, T>(map: Map<K, Promise<T>>, key: K, make: () => Promise<T>): Promise<T> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
