import { type BigIntStats, lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimesNs } from '../snapshot/syscalls.ts';
import { lstatOr, resolveInRootfs } from './rootfs-path.ts';

interface Parent {
  readonly path: string;
  readonly before: BigIntStats;
}

/** Mountpoints that a runtime will make in a root filesystem, and what makes the root as it was. */
export interface Stubs {
  /**
   * Takes away what was made for mounts and is still empty, and gives the folders around it their times back.
   * To be called once no process of the container is left.
   */
  clean(): void;
}

/** Notes which of the mount targets are missing before a container starts. */
export function noteStubs(rootfs: string, targets: readonly string[]): Stubs {
  const missing = new Set<string>();
  const parents = new Map<string, Parent>();
  for (const target of targets) {
    const resolved = resolveInRootfs(rootfs, target);
    const first = resolved.missing[0];
    if (first === undefined) continue;
    for (const path of resolved.missing) missing.add(path);
    const parent = dirname(first);
    if (!parents.has(parent)) parents.set(parent, { path: parent, before: lstatSync(parent, { bigint: true }) });
  }
  return {
    clean: () => {
      // A folder's name is a prefix of what lies in it, so the reverse order takes the content first.
      for (const path of [...missing].toSorted().toReversed()) removeStub(rootfs, path);
      for (const parent of parents.values()) restoreTimes(rootfs, parent);
    },
  };
}

function removeStub(rootfs: string, path: string): void {
  if (!isPlainPath(rootfs, path)) return;
  const stat = lstatOr(path);
  if (stat === undefined) return;
  try {
    if (stat.isDirectory()) rmdirSync(path);
    else if (stat.isFile() && stat.size === 0) unlinkSync(path);
  } catch {
    // The step put something there: it belongs to the step's result.
  }
}

function restoreTimes(rootfs: string, parent: Parent): void {
  if (parent.path !== rootfs && !isPlainPath(rootfs, parent.path)) return;
  const now = lstatOr(parent.path);
  if (now?.isDirectory() !== true || BigInt(now.ino) !== parent.before.ino) return;
  setTimesNs(parent.path, parent.before.mtimeNs);
}

/** True when no folder on the way from the root is a link: a step may have put one there. */
function isPlainPath(rootfs: string, path: string): boolean {
  for (let folder = dirname(path); folder.length > rootfs.length; folder = dirname(folder)) {
    if (lstatOr(folder)?.isDirectory() !== true) return false;
  }
  return true;
}
