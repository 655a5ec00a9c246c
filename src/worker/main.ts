import { mkdirSync } from 'node:fs';
import { createEmulation } from '../emulation/create-emulation.ts';
import { createExecutor } from '../executor/create-executor.ts';
import { type OpenSnapshotter, openSnapshotter } from '../snapshot/snapshotter.ts';
import { openAcceleration } from './acceleration.ts';
import { type WorkerServices, handlers } from './handlers.ts';
import { takeWorkerFacts } from './launch-facts.ts';
import { mountFilesystem, mountWorkerFilesystems } from './launch-mounts.ts';
import { storePaths } from './paths.ts';
import { sendFailure, serveRpc } from './rpc.ts';

/*
 * The worker: this program again, as process 1 of its own namespaces. It ends with the channel to the CLI,
 * and everything it started or mounted ends with it.
 */
process.on('disconnect', () => void end());
// A terminal sends Ctrl-C to every process in the foreground; what becomes of it is the CLI's to say.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(name, () => {});
/** How long open calls may take to end, in milliseconds. */
const PATIENCE = 8000;
let settle: (() => Promise<void>) | undefined;
let snapshots: OpenSnapshotter | undefined;
try {
  const services = openServices();
  snapshots = services.snapshots;
  settle = serveRpc(process, handlers(services));
} catch (error) {
  sendFailure(process, error);
}

// The CLI may have gone while this was loading, before anybody listened.
if (!process.connected) void end();

async function end(): Promise<never> {
  setTimeout(() => process.exit(0), PATIENCE);
  try {
    await settle?.();
    await snapshots?.[Symbol.asyncDispose]();
  } finally {
    process.exit(0);
  }
}

function openServices(): WorkerServices & { readonly snapshots: OpenSnapshotter } {
  const facts = takeWorkerFacts(process.env);
  const paths = storePaths(process.argv[3] ?? '');
  const path = process.env['PATH'];
  for (const folder of [paths.run, paths.runtime]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  mountWorkerFilesystems({ stateDir: paths.run });
  const emulation = createEmulation({
    path,
    injected: paths.emulators,
    hostBinfmt: facts?.hostBinfmt ?? [],
    mount: mountFilesystem,
  });
  return {
    paths,
    snapshots: openSnapshotter({ root: paths.snapshots, flattenOwners: facts?.idmap === 'single' }),
    acceleration: openAcceleration({ paths, emulation, env: process.env }),
    executor: createExecutor({ stateDir: paths.run, cacheDir: paths.runtime, emulation, path, streams: process }),
  };
}
