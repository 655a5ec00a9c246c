import type { RanNative } from '../../src/emulation/accel-map.ts';
import { createEmulation } from '../../src/emulation/create-emulation.ts';
import { createExecutor } from '../../src/executor/create-executor.ts';
import type { ExecSpec } from '../../src/executor/executor.ts';
import { PolyarchError } from '../../src/util/error.ts';
import { takeWorkerFacts } from '../../src/worker/launch-facts.ts';
import { mountFilesystem, mountWorkerFilesystems } from '../../src/worker/launch-mounts.ts';

/** A worker as small as can be: runs the steps it is sent. */
export type Request =
  | { readonly kind: 'run'; readonly spec: ExecSpec; readonly runtime?: string }
  | { readonly kind: 'abort'; readonly id: string };

export interface Answer {
  readonly id: string;
  readonly exitCode?: number;
  readonly ranNative?: readonly RanNative[];
  readonly output: string;
  readonly milliseconds: number;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string | undefined };
}

const facts = takeWorkerFacts(process.env);
const [, , stateDir = '', cacheDir = ''] = process.argv;
process.on('disconnect', () => process.exit(0));
mountWorkerFilesystems({ stateDir });
const emulation = createEmulation({
  path: process.env['PATH'],
  injected: `${cacheDir}/emulators`,
  hostBinfmt: facts?.hostBinfmt ?? [],
  mount: mountFilesystem,
});
const running = new Map<string, AbortController>();

process.on('message', (request: Request) => {
  if (request.kind === 'abort') running.get(request.id)?.abort();
  else void run(request.spec, request.runtime);
});
process.send?.({ ready: facts?.idmap });

async function run(spec: ExecSpec, runtime: string | undefined): Promise<void> {
  const executor = createExecutor({
    stateDir,
    cacheDir,
    emulation,
    path: process.env['PATH'],
    streams: process,
    ...(runtime === undefined ? {} : { runtime }),
  });
  const abort = new AbortController();
  running.set(spec.id, abort);
  const output: Buffer[] = [];
  const started = performance.now();
  const finish = (rest: Pick<Answer, 'exitCode' | 'ranNative' | 'error'>): void => {
    running.delete(spec.id);
    const answer: Answer = {
      id: spec.id,
      output: Buffer.concat(output).toString(),
      milliseconds: performance.now() - started,
      ...rest,
    };
    process.send?.(answer);
  };
  try {
    const result = await executor.run(spec, {
      onOutput: (_stream, data) => void output.push(Buffer.from(data)),
      signal: abort.signal,
    });
    finish(result);
  } catch (error) {
    const coded = error instanceof PolyarchError ? error : undefined;
    finish({
      error: {
        code: coded?.code ?? (error instanceof Error ? error.name : 'unknown'),
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        hint: coded?.hint,
      },
    });
  }
}
