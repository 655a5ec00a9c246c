import { pipeline, type Readable, Transform } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { hasCode, PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { fetchBytes } from './fetch-bytes.ts';
import { fetchInto } from './fetch-into.ts';
import { semaphore } from './semaphore.ts';
import type { Abortable, Fetcher, Storage } from './storage.ts';
import { hasSuccessors, type SuccessorOptions, successorsOf } from './successors.ts';

/** What became of a descriptor; `bytes` is how many went over so far. */
export interface CopyProgress {
  readonly kind: 'start' | 'bytes' | 'done' | 'exists' | 'mounted';
  readonly descriptor: Descriptor;
  readonly bytes: number;
}

export interface CopyGraphOptions extends SuccessorOptions {
  /** Blobs that are sent at a time; of manifests, mounts and look-ups, which are small, twice as many. Default 4; 1 to 16 make sense. */
  readonly concurrency?: number;
  /**
   * Which of a node's children are copied, with all below them; e.g. the platforms of an index. Default: all.
   * The node itself is copied as it is.
   */
  readonly filter?: (child: Descriptor, parent: Descriptor) => boolean;
  /** Makes the target take a blob from elsewhere in the same registry, or find that it has it; true when it does, and nothing is sent then. */
  readonly mount?: (descriptor: Descriptor, options: Abortable) => Promise<boolean>;
  /** Before a descriptor that the target lacks is sent, its children being there already. */
  readonly before?: (descriptor: Descriptor) => void | Promise<void>;
  /** After a descriptor is in the target, sent or found. */
  readonly after?: (descriptor: Descriptor) => void | Promise<void>;
  readonly onProgress?: (event: CopyProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Copies the root descriptor and all that it names: children first, the root last, each digest once, bytes as they
 * are. What the target has is not sent again; in a target that is `closed`, nothing below it is looked at either.
 * On the first failure everything else in flight is stopped, and the target is left without the root. Fails with
 * NOT_FOUND for what the source lacks (a missing subject is passed over), GRAPH_TOO_DEEP and GRAPH_TOO_LARGE.
 */
export async function copyGraph(
  ends: { readonly source: Fetcher; readonly target: Storage },
  root: Descriptor,
  options: CopyGraphOptions = {},
): Promise<void> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const copy = new GraphCopy(ends, options, signal);
  try {
    await copy.node(root, 0);
  } catch (error) {
    stop.abort(error);
    await copy.settled();
    options.signal?.throwIfAborted();
    throw copy.firstFailure ?? error;
  }
}

class GraphCopy {
  readonly #ends: { readonly source: Fetcher; readonly target: Storage };
  readonly #options: CopyGraphOptions;
  readonly #signal: AbortSignal;
  readonly #ask: <T>(body: () => Promise<T>) => Promise<T>;
  readonly #send: <T>(body: () => Promise<T>) => Promise<T>;
  readonly #nodes = new Map<string, Promise<void>>();
  firstFailure: unknown;

  constructor(
    ends: { readonly source: Fetcher; readonly target: Storage },
    options: CopyGraphOptions,
    signal: AbortSignal,
  ) {
    this.#ends = ends;
    this.#options = options;
    this.#signal = signal;
    const concurrency = options.concurrency ?? 4;
    this.#ask = semaphore(2 * concurrency);
    this.#send = semaphore(concurrency);
  }

  /** Ends when nothing that was begun runs any more. */
  async settled(): Promise<void> {
    for (let seen = -1; seen !== this.#nodes.size;) {
      seen = this.#nodes.size;
      await Promise.allSettled(this.#nodes.values());
    }
  }

  node(descriptor: Descriptor, depth: number): Promise<void> {
    // One digest may be named as a layer here and as a manifest there: only the latter has children.
    const key = `${descriptor.digest} ${hasSuccessors(descriptor.mediaType)}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    if (this.#nodes.size >= LIMITS.descriptors) {
      throw new PolyarchError('GRAPH_TOO_LARGE', `more than ${LIMITS.descriptors} descriptors below the image`);
    }
    const copying = this.#copy(descriptor, depth).catch((error: unknown) => {
      this.firstFailure ??= error;
      throw error;
    });
    this.#nodes.set(key, copying);
    return copying;
  }

  async #copy(descriptor: Descriptor, depth: number): Promise<void> {
    this.#signal.throwIfAborted();
    if (depth > LIMITS.indexDepth) {
      throw new PolyarchError(
        'GRAPH_TOO_DEEP',
        `${descriptor.digest} lies more than ${LIMITS.indexDepth} manifests and indexes deep`,
      );
    }
    if (hasSuccessors(descriptor.mediaType)) await this.#copyManifest(descriptor, depth);
    else await this.#copyBlob(descriptor);
    await this.#options.after?.(descriptor);
  }

  async #copyManifest(descriptor: Descriptor, depth: number): Promise<void> {
    const { source, target } = this.#ends;
    const exists = await this.#ask(() => target.exists(descriptor, { signal: this.#signal }));
    if (exists && target.closed === true) return this.#report('exists', descriptor);
    // A target that has the manifest is often nearer than the source.
    const content = await this.#ask(() => fetchBytes(exists ? target : source, descriptor, { signal: this.#signal }));
    const children = successorsOf(content, descriptor, this.#options);
    const wanted = children.filter((child) => this.#options.filter?.(child.descriptor, descriptor) ?? true);
    await Promise.all(
      wanted.map(async (child) => {
        try {
          await this.node(child.descriptor, depth + 1);
        } catch (error) {
          if (child.kind !== 'subject' || !isMissing(error, child.descriptor)) throw error;
          if (this.firstFailure === error) this.firstFailure = undefined;
        }
      }),
    );
    if (exists) return this.#report('exists', descriptor);
    await this.#options.before?.(descriptor);
    this.#report('start', descriptor);
    await this.#ask(() => target.push(descriptor, content, { signal: this.#signal }));
    return this.#report('done', descriptor, descriptor.size);
  }

  async #copyBlob(descriptor: Descriptor): Promise<void> {
    // Asked ahead of its turn to be sent, but not far: an upload that a refused mount opened does not live long.
    await this.#ask(async () => {
      this.#signal.throwIfAborted();
      const { source, target } = this.#ends;
      const abortable = { signal: this.#signal };
      // A mount answers both questions in one request.
      if ((await this.#options.mount?.(descriptor, abortable)) === true) return this.#report('mounted', descriptor);
      if (await target.exists(descriptor, abortable)) return this.#report('exists', descriptor);
      return this.#send(async () => {
        this.#signal.throwIfAborted();
        await this.#options.before?.(descriptor);
        this.#report('start', descriptor);
        const push = (content: Readable) => target.push(descriptor, this.#counted(content, descriptor), abortable);
        await fetchInto(source, descriptor, push, abortable);
        return this.#report('done', descriptor, descriptor.size);
      });
    });
  }

  #counted(content: Readable, descriptor: Descriptor): Readable {
    if (this.#options.onProgress === undefined) return content;
    let bytes = 0;
    const counted = new Transform({
      transform: (chunk: Uint8Array, _encoding, done) => {
        bytes += chunk.length;
        this.#report('bytes', descriptor, bytes);
        done(null, chunk);
      },
    });
    // A failure of either end is found by the target's reading.
    pipeline(content, counted, () => {});
    counted.on('error', () => {});
    return counted;
  }

  #report(kind: CopyProgress['kind'], descriptor: Descriptor, bytes = 0): void {
    this.#options.onProgress?.({ kind, descriptor, bytes });
  }
}

function isMissing(error: unknown, descriptor: Descriptor): boolean {
  return hasCode(error, 'NOT_FOUND') && error instanceof PolyarchError && error.details['digest'] === descriptor.digest;
}
