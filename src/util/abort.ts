/** The reason of an aborted signal as an Error. */
function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new DOMException('the operation was aborted', 'AbortError');
}

/** The promise, or the signal's reason as soon as it is aborted; what the promise stands for goes on by itself. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(abortReason(signal));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * What all bodies give, or the first failure when every one of them has ended: the others' signal is aborted then.
 * `signal` aborts them too.
 */
export async function allOrNone<T>(
  bodies: readonly ((signal: AbortSignal) => Promise<T>)[],
  options: { signal: AbortSignal },
): Promise<T[]> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const running = bodies.map(async (body) => {
    try {
      return await body(signal);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(running);
  if (failed.signal.aborted) throw failed.signal.reason;
  return Promise.all(running);
}

/** Destroys the stream with the signal's reason when that is aborted, until disposed of. */
export function destroyOnAbort(
  stream: { destroy(error: Error): unknown },
  signal: AbortSignal | undefined,
): Disposable {
  const abort = () => void stream.destroy(abortReason(signal));
  signal?.addEventListener('abort', abort, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', abort) };
}
