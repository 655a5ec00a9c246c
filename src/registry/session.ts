import type { Digest } from '../oci/digest.ts';
import { hasCode, messageOf, PolyarchError } from '../util/error.ts';
import { failureOf } from './answer.ts';
import type { HttpResponse } from './connections.ts';
import type { ApiRequest, EndpointClient } from './endpoint-client.ts';
import { connectionFailure, RegistryFailure } from './failure.ts';
import { retrying, type RetryNotice, type RetryPolicy } from './retry.ts';

/** An API request with what its failures name and which answers are wanted. */
export interface ApiCall<T> extends ApiRequest {
  /** Named by failures, e.g. `manifest docker.io/library/busybox:latest`. */
  readonly subject: string;
  /** For a NOT_FOUND failure's details. */
  readonly digest?: Digest;
  /** Statuses handed to `read`; any other is a failure. */
  readonly accept: readonly number[];
  /** Makes the result; runs inside the try, so that a body that breaks is asked for again. */
  readonly read: (response: HttpResponse, client: EndpointClient) => Promise<T> | T;
  /** `pull` asks mirrors first; `push` only the registry itself. */
  readonly capability: 'pull' | 'push';
  /** Tries, in place of the policy's number. */
  readonly attempts?: number;
}

export interface SessionOptions {
  readonly clients: readonly EndpointClient[];
  readonly retry: RetryPolicy;
  readonly onRetry?: (notice: RetryNotice) => void;
  /** Told when a mirror is passed over. */
  readonly onMirrorFailure?: (message: string) => void;
}

/** How long an unreachable mirror is left out, in milliseconds. */
const MIRROR_PAUSE = 60_000;

/** Requests to one registry over its endpoints: retries, mirrors, coded failures. */
export class RegistrySession {
  readonly #options: SessionOptions;
  readonly #pausedUntil = new Map<EndpointClient, number>();
  /** `HOST CODE` of what was told: an image of fifty layers is no reason to say it fifty times. */
  readonly #told = new Set<string>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Whether others are asked before the registry itself. */
  get mirrored(): boolean {
    return this.#options.clients.length > 1;
  }

  async call<T>(call: ApiCall<T>): Promise<T> {
    const able = this.#options.clients.filter(({ endpoint }) => endpoint.capabilities.includes(call.capability));
    const now = performance.now();
    const clients = able.filter((client) => client === able.at(-1) || (this.#pausedUntil.get(client) ?? 0) <= now);
    const passed: PolyarchError[] = [];
    for (const client of clients) {
      const last = client === clients.at(-1);
      const policy = last ? this.#options.retry : { ...this.#options.retry, attempts: 1 };
      const { onRetry } = this.#options;
      try {
        return await retrying(() => this.#once(call, client), {
          policy: call.attempts === undefined ? policy : { ...policy, attempts: call.attempts },
          ...(onRetry === undefined ? {} : { onRetry }),
          signal: call.signal,
        });
      } catch (error) {
        if (call.signal?.aborted === true) throw call.signal.reason;
        if (!(error instanceof PolyarchError)) throw error;
        if (last) throw withMirrors(error, passed);
        this.#passOver(client, error);
        passed.push(error);
      }
    }
    throw new Error(`no endpoint can ${call.capability} ${call.subject}`);
  }

  /**
   * Leaves a mirror out for the life of the process: what it sent is not what was asked for, or stopped coming.
   * False for the registry itself, in whose place there is nothing.
   */
  distrust(client: EndpointClient, error: PolyarchError): boolean {
    if (client.endpoint.mirrorOf === undefined) return false;
    this.#pausedUntil.set(client, Number.POSITIVE_INFINITY);
    this.#tell(client, error);
    return true;
  }

  async #once<T>(call: ApiCall<T>, client: EndpointClient): Promise<T> {
    let response: HttpResponse;
    try {
      response = await client.send(call);
      if (call.accept.includes(response.status)) return await call.read(response, client);
    } catch (error) {
      if (call.signal?.aborted === true) throw call.signal.reason;
      throw naming(call.subject, connectionFailure(error, { subject: call.subject, host: client.endpoint.host }));
    }
    const credential = [401, 403].includes(response.status) ? await client.credentialRefused(response) : undefined;
    throw await failureOf(response, call.subject, {
      ...(call.digest === undefined ? {} : { digest: call.digest }),
      ...(credential === undefined ? {} : { credential }),
    });
  }

  #passOver(client: EndpointClient, error: PolyarchError): void {
    if (hasCode(error, 'REGISTRY_UNREACHABLE', 'TLS_UNTRUSTED')) {
      this.#pausedUntil.set(client, performance.now() + MIRROR_PAUSE);
    }
    if (!hasCode(error, 'NOT_FOUND')) this.#tell(client, error);
  }

  #tell({ endpoint: { host } }: EndpointClient, error: PolyarchError): void {
    const key = `${host} ${error.code}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#options.onMirrorFailure?.(`mirror ${host} is passed over: ${error.message}`);
  }
}

/** Failures of answers that say nothing of what was asked for, such as redirects without end. */
function naming(subject: string, error: PolyarchError): PolyarchError {
  if (error.code !== 'REGISTRY_ERROR' || error.message.includes(subject)) return error;
  return new RegistryFailure(error.code, `${subject}: ${error.message}`, {
    cause: error,
    details: error.details,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error instanceof RegistryFailure ? { transient: error.transient, status: error.status } : {}),
  });
}

/** The registry's own failure, with what its mirrors said before. */
function withMirrors(error: PolyarchError, passed: readonly PolyarchError[]): PolyarchError {
  if (passed.length === 0) return error;
  const message = `${messageOf(error)} (before that: ${passed.map(messageOf).join('; ')})`;
  return new RegistryFailure(error.code, message, {
    cause: error,
    details: error.details,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error instanceof RegistryFailure ? { transient: error.transient } : {}),
  });
}
