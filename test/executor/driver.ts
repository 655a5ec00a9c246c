import type { ExecSpec } from '../../src/executor/executor.ts';
import { startClient } from './client.ts';
import type { Answer } from './test-worker.ts';

/*
 * A process of its own that starts a worker and has it run steps: to be run as another person, to be killed, to be
 * interrupted. The argument is a Plan; the outcome is printed as one line of JSON.
 */
export interface Plan {
  readonly folder: string;
  readonly mode?: 'auto' | 'single';
  readonly specs: readonly ExecSpec[];
  /** Hand this process's own streams to the worker. */
  readonly inherit?: boolean;
}

export interface Outcome {
  readonly idmap: string;
  readonly idmapReason?: string;
  readonly answers: readonly Answer[];
  readonly error?: { readonly code: unknown; readonly message: string };
}

// Written by the test that starts this.
const plan = JSON.parse(process.argv[2] ?? '') as Plan;
try {
  await using client = await startClient(plan.folder, {
    ...(plan.mode === undefined ? {} : { mode: plan.mode }),
    ...(plan.inherit === true ? { stdio: ['inherit', 'inherit', 'inherit'] } : {}),
  });
  const abort = new AbortController();
  process.on('SIGINT', () => abort.abort());
  const answers: Answer[] = [];
  for (const spec of plan.specs) answers.push(await client.run(spec, { signal: abort.signal }));
  const reason = client.idmapReason === undefined ? {} : { idmapReason: client.idmapReason };
  const outcome: Outcome = { idmap: client.idmap, ...reason, answers };
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
} catch (error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stdout.write(`${JSON.stringify({ idmap: '', answers: [], error: { code, message } })}\n`);
}
