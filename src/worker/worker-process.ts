import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PolyarchError } from '../util/error.ts';
import { type Lock, tryLock } from '../util/lock.ts';
import type { LaunchOptions } from './launch.ts';
import type { WorkerMethods } from './protocol.ts';
import { storePaths } from './paths.ts';
import { RpcClient } from './rpc.ts';

export type WorkerStdio = NonNullable<LaunchOptions['stdio']>;

export interface WorkerProcessOptions {
  readonly entry: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly notice: (text: string) => void;
  /** Hands this process's own stdin, stdout and stderr to the worker (`polyarch run`). */
  readonly stdio?: WorkerStdio;
}

interface Running {
  /** The environment that it was started with. */
  readonly env: string;
  readonly client: RpcClient<WorkerMethods>;
  readonly end: () => Promise<void>;
}

/** What is kept of a store: its idle workers, and its lock, so that nobody sweeps or prunes what they have open. */
interface Kept {
  readonly idle: Running[];
  inUse?: Lock | undefined;
}

const kept = new Map<string, Kept>();

/**
 * Lets the workers of this store run on for the next builds of this process in it, until disposed of: for a process
 * that builds many times and prunes the store in none of them.
 */
export function keepWorkers(home: string): AsyncDisposable {
  const store: Kept = { idle: [] };
  kept.set(home, store);
  return {
    async [Symbol.asyncDispose]() {
      kept.delete(home);
      await Promise.all(store.idle.map((worker) => worker.end()));
      store.inUse?.[Symbol.dispose]();
    },
  };
}

/** The worker: started by the first call, ended with everything in it when it is disposed of or this process dies. */
export class WorkerProcess implements AsyncDisposable {
  readonly #options: WorkerProcessOptions;
  #running: Promise<Running> | undefined;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
  }

  async connect(): Promise<RpcClient<WorkerMethods>> {
    this.#running ??= this.#start();
    return (await this.#running).client;
  }

  async #start(): Promise<Running> {
    const { entry, home, env, notice, stdio } = this.#options;
    const variables = JSON.stringify(env);
    const idle = kept.get(home)?.idle ?? [];
    const known = idle.findIndex((worker) => worker.env === variables && worker.client.usable);
    const [taken] = known === -1 ? [] : idle.splice(known, 1);
    if (taken !== undefined) return taken;
    const { launchWorker } = await import('./launch.ts');
    const { child, idmap, idmapReason } = await launchWorker({
      node: process.execPath,
      entry,
      args: ['worker-process', home],
      env,
      ...(stdio === undefined ? {} : { stdio }),
    });
    if (idmap === 'single') {
      notice(
        `note: all files of the images will belong to root (0:0), since this user has no subordinate ids${idmapReason === undefined ? '' : `: ${idmapReason}`}`,
      );
    }
    const client = new RpcClient<WorkerMethods>(child, () => '');
    return { env: variables, client, end: () => endWorker(child) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    let running: Running | undefined;
    try {
      running = await this.#running;
    } catch (error) {
      if (!(error instanceof PolyarchError)) throw error;
    }
    const { home, stdio } = this.#options;
    const store = stdio === undefined && running?.client.usable === true ? kept.get(home) : undefined;
    if (store !== undefined) store.inUse ??= tryLock(join(storePaths(home).locks, 'store'), 'shared');
    if (running !== undefined && store?.inUse !== undefined) store.idle.push(running);
    else await running?.end();
  }
}

/** How long a worker may take to put things in order, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Ends the worker and waits until nothing of it is left: the launcher outlives process 1 of the namespaces, and that
 * every other process in them.
 */
async function endWorker(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  const impatient = setTimeout(() => killChildren(child), PATIENCE);
  await exited;
  clearTimeout(impatient);
}

/** Kills what the launcher waits for, and the launcher when it has no child (proc(5), /proc/pid/task/tid/children). */
function killChildren({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  let children: number[] = [];
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    // A kernel without that file; or it ended.
  }
  for (const target of children.length > 0 ? children : [pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}
