import { PolyarchError } from '../util/error.ts';
import type { AccelMode } from '../emulation/pairs.ts';
import type { Platform } from '../oci/platform.ts';
import type { OpContext } from '../solver/vertex.ts';
import type { Connections } from '../registry/connections.ts';
import type { Engine } from '../worker/engine.ts';
import { remoteOp } from '../worker/ops/remote-op.ts';
import type { LocalFilter } from '../worker/ops/source-op.ts';
import type { StepContext } from '../worker/ops/step-context.ts';
import type { GitEnvironment } from '../worker/sources/git-program.ts';
import type { FolderRef } from '../worker/ref.ts';
import { scanContext } from '../worker/sources/local-scan.ts';
import { type StatCache, fileStatCache } from '../worker/sources/stat-cache.ts';
import type { LocalFolders } from './local-folders.ts';

export interface StepContextOptions {
  readonly buildPlatform: Platform;
  readonly pull: boolean;
  readonly locals: LocalFolders;
  readonly accel: AccelMode;
  readonly allow: readonly string[];
  readonly credentials: GitEnvironment;
  readonly connections: () => Promise<Connections>;
}

/** What the steps of one build ask of it. */
export function stepContext(engine: Engine, options: StepContextOptions): StepContext {
  const cache = fileStatCache(engine.paths.sources);
  const steps: StepContext = {
    images: engine.images,
    buildPlatform: options.buildPlatform,
    pull: options.pull,
    accelLevel: options.accel === 'off' ? undefined : options.accel,
    allowed: new Set(options.allow),
    pulls: new Map(),
    scan: (name, filter, context) => scanFolder(name, filter, { locals: options.locals, cache, context }),
    remoteOp: (identifier, attributes) =>
      remoteOp(identifier, attributes, {
        ...options.credentials,
        paths: engine.paths,
        connections: options.connections,
        steps: () => steps,
      }),
    ...options.credentials,
    worker: () => engine.worker(),
    materialize: (ref, signal) => engine.materialize(ref, signal),
    timed: (step, ms) => engine.times.save(step, ms),
    newLayerId: () => engine.newLayerId(),
  };
  return steps;
}

async function scanFolder(
  name: string,
  filter: LocalFilter,
  { locals, cache, context }: { locals: LocalFolders; cache: StatCache; context: OpContext },
): Promise<FolderRef> {
  const folder = locals.get(name);
  if (folder === undefined)
    throw new PolyarchError('CONTEXT_NOT_FOUND', `this build has no local source ${JSON.stringify(name)}`);
  const scan = await scanContext(folder.path, {
    name,
    ...filter,
    ...(folder.ignoreFile === undefined ? {} : { ignoreFile: folder.ignoreFile }),
    cache,
    signal: context.signal,
  });
  const digest = await scan.digest([{ path: '/' }], { signal: context.signal });
  scan.save();
  return { kind: 'folder', scan, digest };
}
