import type { ChildProcess } from 'node:child_process';
import { PolyarchError } from '../util/error.ts';
import { systemError } from '../util/system-error.ts';

/*
 * Calls between the CLI and its worker over Node's IPC channel (structured clone, so bytes stay bytes).
 * A call can be cancelled, and sends events back while it runs.
 */

type Message =
  | { readonly type: 'call'; readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: WireError }
  /** The worker cannot work at all. */
  | { readonly type: 'failure'; readonly id: -1; readonly error: WireError };

interface WireError {
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly stack?: string;
}

/** One method: what it takes, sends while it runs, and gives back. */
export interface Method {
  readonly params: unknown;
  readonly event: unknown;
  readonly result: unknown;
}

export type Methods = Readonly<Record<string, Method>>;

export type Handlers<M> = {
  readonly [K in keyof M]: M[K] extends Method
    ? (
        params: M[K]['params'],
        context: { readonly send: SendEvent<M[K]['event']>; readonly signal: AbortSignal },
      ) => Promise<M[K]['result']>
    : never;
};

/** Sends an event; a promise when the receiver is behind, to be awaited before the next one. */
export type SendEvent<E> = (event: E) => Promise<void> | void;

const KILLED =
  'something killed it; where memory was short it was the kernel (dmesg tells): run it again, with fewer platforms at once or more memory';

/** The calling side. When the worker ends, every open call fails with WORKER_DIED and its last words. */
export class RpcClient<M extends { [K in keyof M]: Method }> {
  readonly #child: ChildProcess;
  readonly #calls = new Map<
    number,
    { event: (value: unknown) => void; resolve: (value: unknown) => void; reject: (error: unknown) => void }
  >();
  #next = 0;
  #ended: Error | undefined;

  constructor(child: ChildProcess, lastWords: () => string) {
    this.#child = child;
    child.on('message', (message) => this.#receive(message as Message)); // sent by serveRpc below
    const end = (how: string) => {
      const words = lastWords().trim();
      const message = `the build worker ended unexpectedly (${how})${words === '' ? '' : `: ${words}`}`;
      this.#fail(
        new PolyarchError('WORKER_DIED', message, how === 'SIGKILL' || how === 'exit code 137' ? { hint: KILLED } : {}),
      );
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, signal) => end(signal ?? `exit code ${code}`));
  }

  /** It has not ended, and no call is open. */
  get usable(): boolean {
    return this.#ended === undefined && this.#calls.size === 0;
  }

  call<K extends keyof M & string>(
    method: K,
    params: M[K]['params'],
    options: { onEvent?: (event: M[K]['event']) => void; signal?: AbortSignal } = {},
  ): Promise<M[K]['result']> {
    options.signal?.throwIfAborted();
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const cancel = () => this.#send({ type: 'cancel', id });
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          options.signal?.removeEventListener('abort', cancel);
          then(value);
        };
      options.signal?.addEventListener('abort', cancel, { once: true });
      // The worker answers with this method's types: both sides are checked against M.
      const event = (value: unknown) => options.onEvent?.(value as M[K]['event']);
      this.#calls.set(id, { event, resolve: settle(resolve), reject: settle(reject) });
      this.#send({ type: 'call', id, method, params });
    });
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    for (const call of this.#calls.values()) call.reject(this.#ended);
    this.#calls.clear();
  }

  #send(message: Message): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #receive(message: Message): void {
    if (message.type === 'failure') return this.#fail(fromWire(message.error));
    const call = this.#calls.get(message.id);
    if (call === undefined) return;
    if (message.type === 'event') return call.event(message.event);
    this.#calls.delete(message.id);
    if (message.type === 'result') call.resolve(message.value);
    else if (message.type === 'error') call.reject(fromWire(message.error));
  }
}

/** The answering side, in the worker. Gives what cancels every open call and waits for their ends. */
export function serveRpc<M extends { [K in keyof M]: Method }>(
  process: NodeJS.Process,
  handlers: Handlers<M>,
): () => Promise<void> {
  const running = new Map<number, AbortController>();
  let idle: (() => void) | undefined;
  // The other side may be gone already: nobody is left to be told.
  const send = (message: Message) => void process.send?.(message, () => {});
  const sendEvent = eventSender(process);
  process.on('message', async (raw) => {
    const message = raw as Message; // sent by RpcClient above
    if (message.type === 'cancel') return running.get(message.id)?.abort(new PolyarchError('CANCELED', 'canceled'));
    if (message.type !== 'call') return;
    const { id, method, params } = message;
    const abort = new AbortController();
    running.set(id, abort);
    try {
      if (!(method in handlers)) throw new Error(`the worker has no method ${method}`);
      const handler = handlers[method as keyof M]; // checked on the line above
      const value = await handler(params, {
        send: (event) => sendEvent({ type: 'event', id, event }),
        signal: abort.signal,
      });
      send({ type: 'result', id, value });
    } catch (error) {
      send({ type: 'error', id, error: toWire(error) });
    } finally {
      running.delete(id);
      if (running.size === 0) idle?.();
    }
  });
  return async () => {
    for (const abort of running.values()) abort.abort(new PolyarchError('CANCELED', 'canceled'));
    if (running.size > 0) await new Promise<void>((resolve) => (idle = resolve));
  };
}

/** Events that may be on their way before a sender is asked to wait: some megabytes of a step's output. */
const UNSENT = 64;

function eventSender(process: NodeJS.Process): SendEvent<Message> {
  let unsent = 0;
  let caughtUp: PromiseWithResolvers<void> | undefined;
  const sent = (): void => {
    if (--unsent > 0) return;
    caughtUp?.resolve();
    caughtUp = undefined;
  };
  return (message) => {
    unsent += 1;
    process.send?.(message, sent);
    if (unsent < UNSENT) return undefined;
    return (caughtUp ??= Promise.withResolvers()).promise;
  };
}

/** Tells the calling side that nothing will work, and why; ends the process. */
export function sendFailure(process: NodeJS.Process, error: unknown): void {
  const message: Message = { type: 'failure', id: -1, error: toWire(error) };
  process.send?.(message, () => process.disconnect());
}

function toWire(error: unknown): WireError {
  if (error instanceof PolyarchError) {
    const { code, message, hint, details } = error;
    return { code, message, details, ...(hint === undefined ? {} : { hint }) };
  }
  if (!(error instanceof Error)) return { message: String(error) };
  const coded = systemError(error, 'the store');
  if (coded instanceof PolyarchError) return toWire(coded);
  return { message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
}

function fromWire(error: WireError): Error {
  if (error.code !== undefined) {
    return new PolyarchError(error.code, error.message, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.details === undefined ? {} : { details: error.details }),
    });
  }
  const plain = new Error(error.message);
  if (error.stack !== undefined) plain.stack = error.stack;
  return plain;
}
