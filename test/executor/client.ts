import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecSpec } from '../../src/executor/executor.ts';
import { type LaunchOptions, launchWorker } from '../../src/worker/launch.ts';
import type { Answer, Request } from './test-worker.ts';

export type StepOptions = Partial<ExecSpec> & Pick<ExecSpec, 'args' | 'rootfs'>;

/** A step with everything optional left at its plainest. */
export function step(options: StepOptions): ExecSpec {
  return {
    id: randomUUID(),
    env: [],
    cwd: '/',
    platform: { os: 'linux', architecture: 'amd64' },
    mounts: [],
    network: 'default',
    security: 'sandbox',
    ...options,
  };
}

/** A test worker and what is asked of it. */
export interface Client extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly idmap: string;
  readonly idmapReason: string | undefined;
  run(spec: ExecSpec, options?: { runtime?: string; signal?: AbortSignal }): Promise<Answer>;
}

export async function startClient(
  folder: string,
  options: Pick<LaunchOptions, 'mode' | 'stdio'> & { env?: LaunchOptions['env'] } = {},
): Promise<Client> {
  const stateDir = join(folder, 'state');
  mkdirSync(stateDir, { recursive: true });
  const { child, idmap, idmapReason } = await launchWorker({
    node: process.execPath,
    entry: fileURLToPath(new URL('test-worker.ts', import.meta.url)),
    args: [stateDir, join(folder, 'cache')],
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: options.env ?? { PATH: process.env['PATH'] },
    ...(options.mode === undefined ? {} : { mode: options.mode }),
    ...(options.stdio === undefined ? {} : { stdio: options.stdio }),
  });
  const waiting = new Map<string, PromiseWithResolvers<Answer>>();
  const ready = Promise.withResolvers<void>();
  const ended = once(child, 'exit');
  child.on('message', (message: Answer | { readonly ready: string }) => {
    if ('ready' in message) ready.resolve();
    else waiting.get(message.id)?.resolve(message);
  });
  child.on('exit', (code, signal) => {
    const error = new Error(`the worker ended: ${signal ?? code}`);
    ready.reject(error);
    for (const answer of waiting.values()) answer.reject(error);
  });
  await ready.promise;
  const send = (request: Request): void => void child.send(request);
  return {
    child,
    idmap,
    idmapReason,
    run: (spec, { runtime, signal } = {}) => {
      const answer = Promise.withResolvers<Answer>();
      waiting.set(spec.id, answer);
      signal?.addEventListener('abort', () => send({ kind: 'abort', id: spec.id }));
      send({ kind: 'run', spec, ...(runtime === undefined ? {} : { runtime }) });
      return answer.promise;
    },
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
