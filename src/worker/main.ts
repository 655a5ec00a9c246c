import { createEmulation } from '../emulation/create-emulation.ts';
import { createExecutor } from '../executor/create-executor.ts';
import { openSnapshotter } from '../snapshot/store.ts';
import { handlers } from './handlers.ts';
import { takeWorkerFacts } from './launch-facts.ts';
import { mountFilesystem, mountWorkerFilesystems } from './launch-mounts.ts';
import { storePaths } from './paths.ts';
import { serveRpc } from './rpc.ts';

/*
 * The worker: this program again, as process 1 of its own namespaces. It ends with the channel to the CLI,
 * and everything it started or mounted ends with it.
 */
process.on('disconnect', () => process.exit(0));
const facts = takeWorkerFacts(process.env);
const paths = storePaths(process.argv[3] ?? '');
mountWorkerFilesystems({ stateDir: paths.run });
const path = process.env['PATH'];
const emulation = createEmulation({ path, hostBinfmt: facts?.hostBinfmt ?? [], mount: mountFilesystem });
serveRpc(
  process,
  handlers({
    paths,
    snapshots: openSnapshotter({ root: paths.snapshots, flattenOwners: facts?.idmap === 'single' }),
    executor: createExecutor({ stateDir: paths.run, emulation, path }),
  }),
);
