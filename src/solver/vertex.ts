import type { Digest } from '../oci/digest.ts';
import type { ProgressSink } from './progress.ts';

/** One step of the graph. Its digest is that of its op and inputs, so equal steps of several platforms are one vertex. */
export interface Vertex<R> {
  readonly digest: Digest;
  readonly name: string;
  readonly inputs: readonly Edge[];
  readonly op: Op<R>;
  /** Never looked up in the cache, but stored there. */
  readonly ignoreCache?: boolean;
  /** `linux/arm64`, when it belongs to one platform; for messages. */
  readonly platform?: string;
}

/** One output of a vertex. */
export interface Edge {
  readonly vertex: Digest;
  readonly output: number;
}

export interface Op<R> {
  /** What the step is, apart from its inputs. Called once a solve; must not run the step. */
  cacheMap(context: OpContext): Promise<CacheMap<R>>;
  /** Runs the step: one result for each output. */
  execute(inputs: readonly R[], context: OpContext): Promise<readonly R[]>;
}

/** What an op is given to work with. */
export interface OpContext {
  readonly vertex: Digest;
  readonly name: string;
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
}

export interface CacheMap<R> {
  /** Of everything that determines the outputs, apart from the inputs. */
  readonly digest: Digest;
  /**
   * For each input, in order: how its content may stand for it. `undefined` when only the input's own
   * identity counts (a RUN on its root filesystem).
   */
  readonly inputs: readonly (ContentKey<R> | undefined)[];
  /** The results, when making them costs nothing (an image's list of layers): never stored. */
  readonly immediate?: readonly R[];
}

/** The part of an input that the step reads. Two inputs with the same content there give the same outputs. */
export interface ContentKey<R> {
  /** Names the selected part, e.g. the paths; stored digests are found by it. */
  readonly selector: string;
  digest(input: R, context: OpContext): Promise<Digest>;
}

/** Where results of earlier solves are found. Ids and keys are digests; implementations are safe between processes. */
export interface ResultCache<R> {
  /** The result known by this key. */
  find(key: Digest): Digest | undefined;
  /** The outputs of a result, or undefined when they were removed since. */
  load(id: Digest): readonly R[] | undefined;
  /** Stores outputs under an id and makes every key lead to it, in one step. */
  save(id: Digest, outputs: readonly R[], keys: readonly Digest[]): void;
  /** Lets one more key lead to a result. */
  alias(key: Digest, id: Digest): void;
  /** The content digest of a part of an output, as stored by saveContent. */
  findContent(id: Digest, output: number, selector: string): Digest | undefined;
  saveContent(id: Digest, output: number, selector: string, digest: Digest): void;
  /** Held while one process makes the result; waits for another's. */
  lock(id: Digest, options: { onWait?: () => void; signal?: AbortSignal }): Promise<Disposable>;
}
