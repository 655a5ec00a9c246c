import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { PolyarchError } from '../util/error.ts';
import type { LaunchOptions } from './launch.ts';
import type { WorkerMethods } from './protocol.ts';
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

/** The worker: started by the first call, ended with everything in it when it is disposed of or this process dies. */
export class WorkerProcess implements AsyncDisposable {
  readonly #options: WorkerProcessOptions;
  #client: Promise<RpcClient<WorkerMethods>> | undefined;
  #end: (() => Promise<void>) | undefined;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
  }

  connect(): Promise<RpcClient<WorkerMethods>> {
    this.#client ??= this.#start();
    return this.#client;
  }

  async #start(): Promise<RpcClient<WorkerMethods>> {
    const { launchWorker } = await import('./launch.ts');
    const { entry, home, env, notice, stdio } = this.#options;
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
    this.#end = () => endWorker(child);
    return new RpcClient<WorkerMethods>(child, () => '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#client;
    } catch (error) {
      if (!(error instanceof PolyarchError)) throw error;
    }
    await this.#end?.();
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
