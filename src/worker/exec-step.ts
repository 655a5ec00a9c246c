import { randomUUID } from 'node:crypto';
import { existsSync, statfsSync } from 'node:fs';
import type { ExecMount, Executor } from '../executor/executor.ts';
import type { ActiveSnapshot, Layer, Snapshotter } from '../snapshot/layer.ts';
import { PolyarchError } from '../util/error.ts';
import { type Acceleration, ranNativeLine } from './acceleration.ts';
import { openCacheMount } from './cache-mount.ts';
import { Cleanup } from './cleanup.ts';
import { resolveInRoot } from '../snapshot/rooted-path.ts';
import type { StorePaths } from './paths.ts';
import type { ExecStep, StepMount, StepOutput } from './protocol.ts';
import type { SendEvent } from './rpc.ts';

export interface StepServices {
  readonly paths: StorePaths;
  readonly snapshots: Snapshotter;
  readonly executor: Executor;
  readonly acceleration: Acceleration;
}

/** Runs one step in the worker: mounts, the process, and a layer for each mount that asks for one. */
export async function execStep(
  step: ExecStep,
  services: StepServices,
  context: { send: SendEvent<StepOutput>; signal: AbortSignal },
): Promise<{ exitCode: number; outputs: Record<number, Layer>; fullDisk?: string }> {
  await using cleanup = new Cleanup();
  const active = new Map<number, ActiveSnapshot>();
  const root = step.mounts.find((mount) => mount.target === '/');
  if (root?.kind !== 'layers') throw new PolyarchError('LLB_INVALID', 'an exec op has no mount at /');
  const inner = (mount: StepMount) => step.mounts.some(({ target }) => isBelow(target, mount.target));
  const open: OpenLayers = (mount) => mountLayers(mount, { ...services, cleanup, active, inner: inner(mount) });
  const rootfs = await open(root);
  const mounts: ExecMount[] = [];
  // A mount below another comes after it.
  for (const mount of step.mounts.toSorted((a, b) => (a.target < b.target ? -1 : 1))) {
    if (mount !== root) mounts.push(await execMount(mount, { ...services, cleanup, open, signal: context.signal }));
  }
  const say = (text: string) => context.send({ stream: 2, data: Buffer.from(`${text}\n`) });
  const accel = await services.acceleration.packFor({
    rootfs,
    platform: step.spec.platform,
    level: step.accelLevel,
    command: step.spec.args,
    note: (text) => void say(text),
    signal: context.signal,
  });
  const { exitCode, ranNative = [] } = await services.executor.run(
    {
      ...step.spec,
      id: randomUUID(),
      rootfs,
      readonlyRootfs: root.readonly,
      mounts,
      ...(accel === undefined ? {} : { accel }),
    },
    { onOutput: (stream, data) => context.send({ stream, data }), signal: context.signal },
  );
  if (ranNative.length > 0) await say(ranNativeLine(ranNative));
  const outputs: Record<number, Layer> = {};
  if (!step.accept.includes(exitCode)) {
    const { snapshots } = services.paths;
    return { exitCode, outputs, ...(isFull(snapshots) ? { fullDisk: snapshots } : {}) };
  }
  for (const [index, snapshot] of active) outputs[index] = await snapshot.commit();
  return { exitCode, outputs };
}

/** Bytes below which a disk counts as full: less than one large write of a step. */
const FULL = 1024 * 1024;

/** Milliseconds for which it then counts as full: what another failed step had written is gone at once. */
const STAYS_FULL = 2000;
let foundFull = -Infinity;

function isFull(folder: string): boolean {
  const { bavail, bsize, ffree, files } = statfsSync(folder);
  const now = performance.now();
  if (bavail * bsize < FULL || (files > 0 && ffree === 0)) foundFull = now;
  return now - foundFull < STAYS_FULL;
}

type LayersMount = Extract<StepMount, { kind: 'layers' }>;
type OpenLayers = (mount: LayersMount) => Promise<string>;

/**
 * Mounts a chain and gives the path of the selected part. What needs no mountpoints made in it may be read where it
 * lies; all else gets a layer on top, which is the step's output or goes with the step.
 */
async function mountLayers(
  mount: LayersMount,
  { snapshots, cleanup, active, inner }: StepServices & StepState & { readonly inner: boolean },
): Promise<string> {
  if (mount.readonly && mount.target !== '/' && !inner) {
    const view = cleanup.use(await snapshots.view(mount.layers));
    return selected(view.path, mount);
  }
  const snapshot = cleanup.use(await snapshots.prepare(mount.layers, mount.output?.layerId ?? `lost-${randomUUID()}`));
  if (mount.output !== undefined) active.set(mount.output.index, snapshot);
  return selected(snapshot.path, mount);
}

interface StepState {
  readonly cleanup: Cleanup;
  readonly active: Map<number, ActiveSnapshot>;
}

function isBelow(target: string, folder: string): boolean {
  return target !== folder && target.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function selected(root: string, { selector, target }: LayersMount): string {
  if (selector === '/' || selector === '') return root;
  const path = resolveInRoot(root, selector);
  if (existsSync(path)) return path;
  throw new PolyarchError('MOUNT_SOURCE_NOT_FOUND', `${selector} is not there to be mounted on ${target}`);
}

async function execMount(
  mount: StepMount,
  services: StepServices & { readonly cleanup: Cleanup; readonly open: OpenLayers; readonly signal: AbortSignal },
): Promise<ExecMount> {
  switch (mount.kind) {
    case 'layers':
      return { kind: 'bind', source: await services.open(mount), target: mount.target, readonly: mount.readonly };
    case 'cache': {
      const cache = services.cleanup.use(await openCacheMount(mount, services, services.signal));
      return { kind: 'bind', source: cache.path, target: mount.target, readonly: mount.readonly };
    }
    case 'tmpfs':
    case 'secret':
    case 'ssh':
      return mount;
  }
}
