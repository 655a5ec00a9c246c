import type { HostBinfmtEntry } from '../emulation/host-binfmt.ts';
import type { Idmap } from './launch-idmap.ts';

/** What the launcher knows and the worker cannot see from inside its namespaces. */
export interface WorkerFacts {
  readonly idmap: Idmap;
  /** The host's binfmt_misc registrations, read before /proc was mounted anew. */
  readonly hostBinfmt: readonly HostBinfmtEntry[];
}

/** The environment variable that carries them. */
export const FACTS_VARIABLE = 'POLYARCH_WORKER_FACTS';

/**
 * Reads the facts and takes the variable out of `env`, so that nothing started later sees it. Undefined when this
 * process was not started by `launchWorker`.
 */
export function takeWorkerFacts(env: Record<string, string | undefined>): WorkerFacts | undefined {
  const text = env[FACTS_VARIABLE];
  if (text === undefined) return undefined;
  delete env[FACTS_VARIABLE];
  // Written by launchWorker of this same version in the parent process.
  return JSON.parse(text) as WorkerFacts;
}
