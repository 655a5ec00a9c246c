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
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#end = async () => {
      child.kill('SIGKILL');
      await exited;
    };
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
