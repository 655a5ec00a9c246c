import type { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { hasCode } from '../util/error.ts';
import { statusOnly } from './answer.ts';
import type { HttpResponse } from './connections.ts';
import type { EndpointClient } from './endpoint-client.ts';
import { RegistryFailure } from './failure.ts';
import { pauseBeforeRetry, retrying, type RetryNotice, type RetryPolicy } from './retry.ts';
import { repositoryScope, type Scope } from './scope.ts';
import type { ApiCall, RegistrySession } from './session.ts';
import type { UploadSessions } from './upload-sessions.ts';
import { UploadSource } from './upload-source.ts';

export interface UploadOptions {
  readonly session: RegistrySession;
  readonly repository: string;
  /** Named by failures. */
  readonly subject: string;
  readonly scopes: readonly Scope[];
  readonly retry: RetryPolicy;
  readonly onRetry?: (notice: RetryNotice) => void;
  readonly uploads: UploadSessions;
  /** Key in `uploads`. */
  readonly key: string;
  /** Bytes of one chunk of content that cannot be reopened; kept in memory until the registry has them. */
  readonly chunkSize: number;
  /** Gives the content once more: it is then sent as one chunk, and nothing is kept in memory. */
  readonly reopen?: () => Promise<Readable>;
  /** An upload that a mount attempt opened. */
  readonly opened?: OpenUpload;
  readonly signal?: AbortSignal;
}

/** An upload under way. */
export interface OpenUpload {
  readonly location: URL;
  /** The registry's OCI-Chunk-Min-Length; 0 without one. */
  readonly minChunk: number;
}

/** Sends a blob held in memory: POST, then one PUT (OCI distribution spec "POST then PUT"). */
export async function uploadBytes(descriptor: Descriptor, content: Uint8Array, options: UploadOptions): Promise<void> {
  let { opened } = options;
  // A broken PUT may have left bytes behind, and an upload may vanish, so that each try has one of its own.
  await retrying(async () => {
    const { location } = opened ?? (await openUpload({ ...options, attempts: 1 }));
    opened = undefined;
    await finishUpload(descriptor, location, { ...options, body: content, attempts: 1 });
  }, retryOptionsOf(options));
}

/**
 * Sends a blob in chunks (OCI distribution spec "Pushing a blob in chunks"). After a broken connection the
 * registry is asked how far it came; an upload that another process left in `uploads` is taken up.
 */
export async function uploadStream(descriptor: Descriptor, content: Readable, options: UploadOptions): Promise<void> {
  const { subject, reopen } = options;
  const source = new UploadSource({ content, descriptor, subject, ...(reopen === undefined ? {} : { reopen }) });
  try {
    await new Upload(descriptor, source, options).run();
  } finally {
    source.destroy();
  }
}

/** How often an upload that the registry dropped is begun anew. */
const MAX_RESTARTS = 3;

/** One blob on its way, with what the registry has of it. */
class Upload {
  readonly #descriptor: Descriptor;
  readonly #source: UploadSource;
  readonly #options: UploadOptions;
  #location: URL | undefined;
  #offset = 0;
  #minChunk = 0;
  /** Bytes of another connection are in it, so that a wrong digest may be theirs. */
  #resumed = false;
  #finishing = false;
  #restarts = 0;

  constructor(descriptor: Descriptor, source: UploadSource, options: UploadOptions) {
    this.#descriptor = descriptor;
    this.#source = source;
    this.#options = options;
  }

  async run(): Promise<void> {
    try {
      await this.#transfer();
    } catch (error) {
      // A later process goes on where the connection broke; anything else would only fail again.
      const resumable = this.#options.signal?.aborted === true || (error instanceof RegistryFailure && error.transient);
      if (!resumable) await this.#options.uploads.delete(this.#options.key);
      throw error;
    }
  }

  async #transfer(): Promise<void> {
    const { retry, signal } = this.#options;
    await this.#resume();
    for (let tries = 1, started = performance.now(), best = -1; ;) {
      try {
        const location = this.#location ?? (await this.#begin());
        if (this.#offset < this.#descriptor.size) await this.#sendChunk(location);
        else {
          await this.#finish(location);
          return;
        }
      } catch (error) {
        if (signal?.aborted === true) throw signal.reason;
        if (this.#source.failure !== undefined) throw this.#source.failure;
        if (await this.#recover(error)) continue;
        if (this.#finishing) throw error;
        if (this.#offset > best) [tries, started] = [1, performance.now()];
        best = Math.max(best, this.#offset);
        await pauseBeforeRetry(error, { ...retryOptionsOf(this.#options), policy: retry, tries, started });
        tries += 1;
        this.#resumed = true;
        await this.#askOffset();
      }
    }
  }

  /** Takes up what a process that is gone left behind. */
  async #resume(): Promise<void> {
    const { uploads, key, opened } = this.#options;
    if (opened !== undefined) {
      this.#location = opened.location;
      this.#minChunk = opened.minChunk;
      return;
    }
    const record = await uploads.get(key);
    if (record === undefined || (record.pid !== process.pid && isAlive(record.pid))) return;
    this.#location = new URL(record.location);
    this.#resumed = true;
    try {
      await this.#askOffset();
    } catch (error) {
      if (this.#options.signal?.aborted === true) throw error;
      this.#forget();
      await uploads.delete(key);
    }
  }

  async #begin(): Promise<URL> {
    const { location, minChunk } = await openUpload(this.#options);
    this.#minChunk = minChunk;
    this.#offset = 0;
    await this.#remember(location);
    return location;
  }

  async #sendChunk(location: URL): Promise<void> {
    const from = this.#offset;
    const rest = this.#descriptor.size - from;
    const length = this.#source.canRewind ? rest : Math.min(rest, Math.max(this.#options.chunkSize, this.#minChunk));
    const next = await this.#options.session.call<Progress>({
      ...common(this.#options),
      method: 'PATCH',
      target: location,
      headers: { 'content-type': 'application/octet-stream', 'content-range': `${from}-${from + length - 1}` },
      body: { size: length, open: () => this.#source.stream(from, length) },
      accept: [201, 202, 204],
      attempts: 1,
      read: (response, client) => progressOf(response, client, { location, assumed: from + length }),
    });
    await this.#progress(next);
    // A registry that takes nothing and calls it accepted would have us send for ever.
    if (next.offset <= from) throw this.#lost(`${next.offset} bytes after ${from + length} were sent`);
  }

  async #finish(location: URL): Promise<void> {
    const { uploads, key } = this.#options;
    this.#finishing = true;
    await finishUpload(this.#descriptor, location, this.#options);
    await uploads.delete(key);
  }

  /** Asks how far the upload came (OCI distribution spec: GET of the location answers 204 with Range). */
  async #askOffset(): Promise<void> {
    const location = this.#location;
    if (location === undefined) return;
    try {
      const next = await this.#options.session.call<Progress>({
        ...common(this.#options),
        method: 'GET',
        target: location,
        accept: [200, 202, 204],
        read: (response, client) => progressOf(response, client, { location, assumed: 0 }),
      });
      await this.#progress(next);
    } catch (error) {
      if (!(await this.#recover(error))) throw error;
    }
  }

  async #progress({ location, offset }: Progress): Promise<void> {
    if (offset > this.#descriptor.size) throw this.#lost(`${offset} bytes of a blob of ${this.#descriptor.size}`);
    this.#offset = offset;
    if (!this.#source.has(offset)) throw this.#lost(`only ${offset} bytes`);
    this.#source.release(offset);
    await this.#remember(location);
  }

  /** True when the failure is of a kind that the next turn mends by itself: a wrong offset, a lost upload. */
  async #recover(error: unknown): Promise<boolean> {
    if (!(error instanceof RegistryFailure)) return false;
    const tired = this.#restarts >= MAX_RESTARTS;
    if (error.status === 416 && !tired) {
      this.#restarts += 1;
      await this.#askOffset();
      return true;
    }
    const lost = error.status === 404 || (this.#resumed && hasCode(error, 'DIGEST_MISMATCH', 'UPLOAD_LOST'));
    if (!lost || this.#location === undefined) return false;
    if (tired) {
      if (error.status === 404) throw uploadLost(this.#options.subject, error);
      return false;
    }
    this.#restarts += 1;
    await this.#options.uploads.delete(this.#options.key);
    this.#forget();
    if (this.#source.has(0)) return true;
    throw uploadLost(this.#options.subject, error);
  }

  #forget(): void {
    this.#location = undefined;
    this.#offset = 0;
    this.#resumed = false;
    this.#finishing = false;
  }

  async #remember(location: URL): Promise<void> {
    if (this.#location?.href === location.href) return;
    this.#location = location;
    await this.#options.uploads.put(this.#options.key, { location: location.href, pid: process.pid });
  }

  #lost(has: string): RegistryFailure {
    const message = `${this.#options.subject}: the registry says it has ${has}`;
    return new RegistryFailure('UPLOAD_LOST', message, { hint: AGAIN });
  }
}

const AGAIN = 'Run the command again; what is complete at the registry is not sent again.';

/** An upload that was opened is not there any more. */
function uploadLost(subject: string, cause: RegistryFailure): RegistryFailure {
  const message = `${subject}: the registry has forgotten the upload`;
  return new RegistryFailure('UPLOAD_LOST', message, { hint: AGAIN, cause, status: 404, transient: true });
}

interface Progress {
  readonly location: URL;
  readonly offset: number;
}

/** Opens an upload; answers of registries vary between 202 and 201 here. */
export async function openUpload(options: OpenOptions): Promise<OpenUpload> {
  return options.session.call<OpenUpload>({
    ...common(options),
    method: 'POST',
    target: '/blobs/uploads/',
    accept: [201, 202],
    ...(options.attempts === undefined ? {} : { attempts: options.attempts }),
    read: async (response, client) => openedBy(response, client, options.subject),
  });
}

type OpenOptions = Pick<UploadOptions, 'session' | 'repository' | 'subject' | 'scopes' | 'signal'> & {
  readonly attempts?: number;
};

/** The upload that a POST opened. */
export async function openedBy(response: HttpResponse, client: EndpointClient, subject: string): Promise<OpenUpload> {
  await statusOnly(response);
  const { location } = response.headers;
  if (location === undefined || !URL.canParse(location, response.url.href)) {
    throw new RegistryFailure(
      'REGISTRY_ERROR',
      `${subject}: ${response.url.host} opens an upload without saying where`,
    );
  }
  const minimum = Number(response.headers['oci-chunk-min-length'] ?? 0);
  return { location: client.locate(location, response.url), minChunk: Number.isSafeInteger(minimum) ? minimum : 0 };
}

async function finishUpload(
  descriptor: Descriptor,
  location: URL,
  options: OpenOptions & { readonly body?: Uint8Array },
): Promise<void> {
  const target = new URL(location);
  // Written by hand: searchParams would write the registry's own parameters anew.
  target.search = `${target.search === '' ? '?' : `${target.search}&`}digest=${encodeURIComponent(descriptor.digest)}`;
  try {
    await options.session.call({
      ...common(options),
      method: 'PUT',
      target,
      headers: { 'content-type': 'application/octet-stream' },
      ...(options.body === undefined ? {} : { body: options.body }),
      ...(options.attempts === undefined ? {} : { attempts: options.attempts }),
      accept: [200, 201, 204],
      read: statusOnly,
    });
  } catch (error) {
    // An answer that got lost: the upload is gone because it is complete.
    if (error instanceof RegistryFailure && error.status === 404) {
      if (await blobExists(descriptor, options)) return;
      throw uploadLost(options.subject, error);
    }
    throw digestRefused(error, descriptor);
  }
}

/** HEAD of a blob at the registry itself. */
export async function blobExists(descriptor: Descriptor, options: OpenOptions): Promise<boolean> {
  return options.session.call<boolean>({
    ...common(options),
    method: 'HEAD',
    target: `/blobs/${descriptor.digest}`,
    accept: [200, 404],
    read: async (response) => (await statusOnly(response)) === 200,
  });
}

function digestRefused(error: unknown, descriptor: Descriptor): unknown {
  if (!(error instanceof RegistryFailure) || error.status !== 400) return error;
  const { errors } = error.details;
  const invalid = Array.isArray(errors) && errors.some((entry: unknown) => codeOf(entry) === 'DIGEST_INVALID');
  if (!invalid) return error;
  return new RegistryFailure('DIGEST_MISMATCH', `${error.message}: the content sent is not ${descriptor.digest}`, {
    cause: error,
    details: error.details,
    status: error.status,
  });
}

function codeOf(entry: unknown): unknown {
  return typeof entry === 'object' && entry !== null && 'code' in entry ? entry.code : undefined;
}

async function progressOf(
  response: HttpResponse,
  client: EndpointClient,
  { location, assumed }: { location: URL; assumed: number },
): Promise<Progress> {
  await statusOnly(response);
  const { location: next, range } = response.headers;
  const known = next !== undefined && URL.canParse(next, response.url.href);
  // `0-0` stands both for one byte and, with the distribution project, for none.
  const match = /^(?:bytes=)?0-(\d+)$/.exec(range ?? '');
  const last = match === null ? undefined : Number(match[1]);
  const offset = last === undefined ? assumed : last === 0 && assumed !== 1 ? 0 : last + 1;
  return { location: known ? client.locate(next, response.url) : location, offset };
}

function common(
  options: OpenOptions,
): Pick<ApiCall<never>, 'repository' | 'subject' | 'scopes' | 'capability'> & { signal?: AbortSignal } {
  return {
    repository: options.repository,
    subject: options.subject,
    scopes: [repositoryScope(options.repository, 'pull', 'push'), ...options.scopes],
    capability: 'push',
    signal: options.signal,
  };
}

function retryOptionsOf(options: UploadOptions): {
  policy: RetryPolicy;
  onRetry?: (notice: RetryNotice) => void;
  signal?: AbortSignal;
} {
  return {
    policy: options.retry,
    ...(options.onRetry === undefined ? {} : { onRetry: options.onRetry }),
    signal: options.signal,
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}
