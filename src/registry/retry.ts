import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PolyarchError } from '../util/error.ts';
import { RegistryFailure } from './failure.ts';

/** How long and how often something transient is tried again. */
export interface RetryPolicy {
  /** Tries in all, the first one counted; default 6. */
  readonly attempts: number;
  /** First pause in milliseconds, doubled each time, half of it random; default 250. */
  readonly delay: number;
  /** Longest single pause in milliseconds; a Retry-After beyond it ends the tries. Default 60,000. */
  readonly maxDelay: number;
  /** No new try begins after this many milliseconds; default 300,000. */
  readonly maxTime: number;
  /** Source of jitter in [0, 1). */
  readonly random: () => number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 6,
  delay: 250,
  maxDelay: 60_000,
  maxTime: 300_000,
  random: Math.random,
};

/** Told to the person before each new try. */
export interface RetryNotice {
  /** What failed, with host and object. */
  readonly message: string;
  /** Code of the failure. */
  readonly code: string;
  /** The try that comes, from 2. */
  readonly attempt: number;
  readonly attempts: number;
  /** Milliseconds until it starts. */
  readonly delay: number;
}

export interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly onRetry?: (notice: RetryNotice) => void;
  readonly signal?: AbortSignal;
}

/** Runs `attempt` until it succeeds, fails for good, or the policy is used up; then throws the last failure. */
export async function retrying<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const started = performance.now();
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      await pauseBeforeRetry(error, { ...options, tries, started });
    }
  }
}

/** Waits until the next try may begin; throws `error` when there is to be none. `tries` have been made since `started`. */
export async function pauseBeforeRetry(
  error: unknown,
  options: RetryOptions & { readonly tries: number; readonly started: number },
): Promise<void> {
  const { policy, tries, started, signal } = options;
  if (signal?.aborted === true) throw signal.reason;
  if (!(error instanceof RegistryFailure) || !error.transient || tries >= policy.attempts) throw error;
  const delay = delayBefore(error, tries, policy);
  if (delay > policy.maxDelay || performance.now() - started + delay > policy.maxTime) throw error;
  options.onRetry?.({
    message: messageOf(error),
    code: error instanceof PolyarchError ? error.code : 'REGISTRY_ERROR',
    attempt: tries + 1,
    attempts: policy.attempts,
    delay,
  });
  try {
    await sleep(delay, undefined, { signal });
  } catch (aborted) {
    signal?.throwIfAborted();
    throw aborted;
  }
}

function delayBefore(error: RegistryFailure, tries: number, policy: RetryPolicy): number {
  const backOff = Math.min(policy.delay * 2 ** (tries - 1), policy.maxDelay);
  const jittered = Math.round(backOff * (0.5 + policy.random() / 2));
  return Math.max(jittered, error.retryAfter ?? 0);
}
