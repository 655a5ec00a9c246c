import { setImmediate as nextTurn } from 'node:timers/promises';

/** Keeps long runs of synchronous file calls from holding up the process: pauses about every 20 ms. */
export interface Pacer {
  /** True when it is time to `await rest()`. */
  readonly due: boolean;
  /** Lets others run; throws when the signal was aborted. */
  rest(): Promise<void>;
}

const TURN_MS = 20;

export function pacer(signal?: AbortSignal): Pacer {
  signal?.throwIfAborted();
  let started = performance.now();
  return {
    get due() {
      return performance.now() - started > TURN_MS;
    },
    async rest() {
      await nextTurn();
      signal?.throwIfAborted();
      started = performance.now();
    },
  };
}
