import { closeSync, openSync } from 'node:fs';
import { MS, mount, umount } from '../snapshot/syscalls.ts';
import { debug } from '../util/debug.ts';
import { messageOf } from '../util/error.ts';

export interface ProtectedRuntime {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * crun guards its own program file against the container that it becomes (CVE-2019-5736) by mounting it read-only on
 * a file in /tmp for every run, and that file stays when it is killed meanwhile. Here the mount is made once, at
 * `place`, and crun told of it. Where it cannot be made, crun goes on as ever.
 */
export function protectRuntime(program: string, place: string): ProtectedRuntime {
  let mounted = false;
  try {
    closeSync(openSync(place, 'wx', 0o400));
    mount(place, { source: program, flags: MS.BIND });
    mounted = true;
    mount(place, { flags: MS.BIND | MS.REMOUNT | MS.RDONLY });
    return { program: place, env: { _LIBCONTAINER_CLONED_BINARY: '1' } };
  } catch (error) {
    debug('executor', () => `the runtime is used where it lies: ${messageOf(error)}`);
    if (mounted) umount(place);
    return { program, env: {} };
  }
}
