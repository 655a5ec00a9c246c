import { statfsSync } from 'node:fs';
import { MS, mount } from '../snapshot/syscalls.ts';
import { PolyarchError, messageOf } from '../util/error.ts';

/** f_type of a cgroup2 file system (statfs(2)). */
const CGROUP2 = 0x63677270;

/** mount(2) of a new file system; nosuid, nodev and noexec. Throws with the kernel's own word for the refusal. */
export function mountFilesystem(type: string, target: string, data = ''): void {
  mount(target, { source: type, type, flags: MS.NOSUID | MS.NODEV | MS.NOEXEC, data });
}

/**
 * What the executor needs in the worker's own mount namespace: a tmpfs on the folder `stateDir` (there already, empty),
 * for step bundles and secrets, and one cgroup2 tree, without which crun refuses a host that has cgroup1 too.
 * All of it goes with the worker.
 */
export function mountWorkerFilesystems(options: { stateDir: string }): void {
  try {
    mountFilesystem('tmpfs', options.stateDir, 'mode=0711');
  } catch (error) {
    throw new PolyarchError('WORKER_MOUNT', `the worker has no place for its steps: ${messageOf(error)}`, {
      hint: 'polyarch needs leave to mount a tmpfs in its own namespaces: in a container, start that with --privileged',
      cause: error,
    });
  }
  try {
    if (statfsSync('/sys/fs/cgroup').type !== CGROUP2) mountFilesystem('cgroup2', '/sys/fs/cgroup');
  } catch {
    // A host without cgroups, or one that hides them: crun goes without.
  }
}
