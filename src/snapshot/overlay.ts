import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { debug } from '../util/debug.ts';
import { hasCode, messageOf, PolyarchError } from '../util/error.ts';
import { isOpaque } from './overlay-format.ts';
import { chdir, MNT_DETACH, mount, umount } from './syscalls.ts';

/** OVL_MAX_STACK, fs/overlayfs/params.h. */
export const MAX_LAYERS = 500;

/** mount(2) takes one page of options. */
const MAX_OPTIONS = 4000;

/** What an overlay mount is made of. Folder names are relative to `base` and hold none of `:`, `,` and `\`. */
export interface OverlayMount {
  readonly base: string;
  /** From the highest down. */
  readonly lowers: readonly string[];
  readonly upper?: string;
  readonly work?: string;
  readonly target: string;
}

const OPTIONS = 'userxattr,index=off,metacopy=off,redirect_dir=nofollow';

/** Mounts. The paths are relative so that neither their length nor their letters matter. Fails with the kernel's code. */
export function mountOverlay(overlay: OverlayMount): void {
  const { base, lowers, upper, work, target } = overlay;
  if (lowers.length > MAX_LAYERS) {
    throw new PolyarchError(
      'LAYERS_TOO_MANY',
      `a root filesystem of ${lowers.length} layers (the kernel stacks at most ${MAX_LAYERS})`,
    );
  }
  const direct = overlayOptions(lowers, upper, work);
  if (direct.length <= MAX_OPTIONS) {
    return inFolder(base, () => mount(target, { source: 'overlay', type: 'overlay', data: direct }));
  }
  // The folders of a long chain are named by the numbers of open files.
  const open: number[] = [];
  const number = (folder: string) => {
    const fd = openSync(join(base, folder), constants.O_RDONLY | constants.O_DIRECTORY);
    open.push(fd);
    return String(fd);
  };
  try {
    const data = overlayOptions(
      lowers.map(number),
      upper === undefined ? undefined : number(upper),
      work === undefined ? undefined : number(work),
    );
    inFolder('/proc/self/fd', () => mount(join(base, target), { source: 'overlay', type: 'overlay', data }));
  } finally {
    for (const fd of open) closeSync(fd);
  }
}

function overlayOptions(lowers: readonly string[], upper: string | undefined, work: string | undefined): string {
  const changes = upper === undefined || work === undefined ? '' : `,upperdir=${upper},workdir=${work},volatile`;
  return `${OPTIONS}${changes},lowerdir=${lowers.join(':')}`;
}

/** Unmounts, waiting a little for those that still have files open there. Fails with SNAPSHOT_BUSY. */
export async function unmountOverlay(target: string): Promise<void> {
  for (let delay = 1; ; delay *= 2) {
    try {
      return umount(target);
    } catch (error) {
      if (!hasCode(error, 'EBUSY')) throw error;
      if (delay > 1024)
        throw new PolyarchError('SNAPSHOT_BUSY', `a process still uses the files of ${target}`, { cause: error });
    }
    await sleep(delay);
  }
}

/** Unmounts now, or as soon as the last process lets go. */
export function detachOverlay(target: string): void {
  umount(target, MNT_DETACH);
}

/** True when overlayfs works below `base`: mounts, and keeps whiteouts and opaque folders. `scratch` is a free name in it. */
export function probeOverlay(base: string, scratch: string): boolean {
  const at = (name: string) => join(base, scratch, name);
  const target = at('merged');
  let mounted = false;
  try {
    for (const name of ['lower/d', 'lower2', 'upper', 'work', 'merged']) mkdirSync(at(name), { recursive: true });
    writeFileSync(at('lower/f'), '');
    const inside = (name: string) => `${scratch}/${name}`;
    mountOverlay({
      base,
      lowers: [inside('lower'), inside('lower2')],
      upper: inside('upper'),
      work: inside('work'),
      target: inside('merged'),
    });
    mounted = true;
    unlinkSync(join(target, 'f'));
    rmdirSync(join(target, 'd'));
    mkdirSync(join(target, 'd'));
    return lstatSync(at('upper/f')).isCharacterDevice() && isOpaque(at('upper/d'));
  } catch (error) {
    debug('snapshot', () => `no overlayfs: ${messageOf(error)}`);
    return false;
  } finally {
    if (mounted) detachOverlay(target);
    rmSync(join(base, scratch), { recursive: true, force: true });
  }
}

/** Runs a synchronous call with `folder` as the working directory, and goes back. */
function inFolder(folder: string, call: () => void): void {
  const before = openSync('.', constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    chdir(folder);
    call();
  } finally {
    chdir(before);
    closeSync(before);
  }
}
