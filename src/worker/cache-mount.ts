import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { copyAttributes } from '../snapshot/copy-node.ts';
import type { Mounted, Snapshotter } from '../snapshot/layer.ts';
import { type Lock, lock, tryLock } from '../util/lock.ts';
import { applyFileActions } from './files/apply.ts';
import { resolveInRoot } from '../snapshot/rooted-path.ts';
import type { StorePaths } from './paths.ts';
import type { StepMount } from './protocol.ts';

/**
 * Opens the folder of a `RUN --mount=type=cache`: one for each id, kept between builds. `shared` has any
 * number of users, `locked` one after the other, `private` a folder for each user at a time.
 */
export async function openCacheMount(
  mount: Extract<StepMount, { kind: 'cache' }>,
  { paths, snapshots }: { paths: StorePaths; snapshots: Snapshotter },
  signal: AbortSignal,
): Promise<Mounted> {
  const name = createHash('sha256').update(mount.id).digest('hex').slice(0, 32);
  const { folder, held } = await claim(name, mount.sharing, paths, signal);
  const path = join(paths.cacheMounts, folder);
  if (!existsSync(path)) {
    // One fills it: a rename would replace an empty folder that another's step has mounted already.
    using _filling = await lock(join(paths.locks, `fill-${folder}`), { signal });
    if (!existsSync(path)) await fill(path, mount, paths, snapshots);
  }
  return { path, [Symbol.asyncDispose]: async () => held?.[Symbol.dispose]() };
}

async function claim(
  name: string,
  sharing: 'shared' | 'private' | 'locked',
  paths: StorePaths,
  signal: AbortSignal,
): Promise<{ folder: string; held?: Lock }> {
  const file = (folder: string) => join(paths.locks, `cache-${folder}`);
  if (sharing === 'shared') return { folder: name };
  if (sharing === 'locked') return { folder: name, held: await lock(file(name), { signal }) };
  for (let n = 0; ; n++) {
    const folder = n === 0 ? name : `${name}-${n}`;
    const held = tryLock(file(folder));
    if (held !== undefined) return { folder, held };
  }
}

/** A new cache starts with what the mount's source has; it appears whole or not at all. */
async function fill(
  path: string,
  mount: Extract<StepMount, { kind: 'cache' }>,
  paths: StorePaths,
  snapshots: Snapshotter,
): Promise<void> {
  await using made = await snapshots.prepare([], `lost-${randomUUID()}`);
  if (mount.layers.length > 0) {
    const source = { kind: 'layers', layers: mount.layers } as const;
    const copy = { kind: 'copy', source, sourcePath: mount.selector, destPath: '/', dirCopyContents: true } as const;
    await applyFileActions(made.path, [copy], { view: (layers) => snapshots.view(layers), warn: () => {} });
    await using view = await snapshots.view(mount.layers);
    copyAttributes(resolveInRoot(view.path, mount.selector), made.path);
  }
  mkdirSync(paths.cacheMounts, { recursive: true });
  renameSync(made.path, path);
}
