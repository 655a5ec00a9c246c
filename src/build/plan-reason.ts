import type { PlatformDescription } from '../emulation/describe-platforms.ts';
import { type Platform, formatPlatform } from '../oci/platform.ts';

/** How a step runs: natively once for several platforms, natively for its own or for another, emulated with or without native tools, or not at all. */
export type How = 'shared' | 'native' | 'cross' | 'accelerated' | 'emulated' | 'impossible';

export interface Reason {
  readonly how: How;
  readonly why: string;
  /** For `impossible`: what to do. */
  readonly mend?: string;
}

export interface StepPlace {
  /** The platform that it runs on. */
  readonly on: Platform;
  /** The platforms that need it. */
  readonly targets: readonly Platform[];
  /** Those are all of the build's. */
  readonly isAll: boolean;
  /** How this machine runs programs of the platform; undefined for one that is not known. */
  readonly runs: PlatformDescription | undefined;
  /** The system whose tools would run native where they are emulated, e.g. `debian bookworm`; `unknown` while its base is not here. */
  readonly tools?: string;
}

export function howItRuns({ on, targets, isAll, runs, tools }: StepPlace, machine: Platform): Reason {
  const [name, here] = [formatPlatform(on), formatPlatform(machine)];
  const once = `once for ${isAll ? 'all platforms' : targets.map((target) => formatPlatform(target)).join(' and ')}`;
  if (runs === undefined || runs.mode === 'none') {
    const { reason = 'no emulator is known', mend } = runs ?? {};
    return { how: 'impossible', why: `${name} does not run here: ${reason}`, ...(mend === undefined ? {} : { mend }) };
  }
  if (runs.mode !== 'native') {
    const { interpreter = `qemu-${runs.qemu}`, version } = runs;
    const emulator = version === undefined ? interpreter : `${interpreter} ${version}`;
    const why = `it runs on ${name}, and this machine is ${here}: by ${emulator}${targets.length > 1 ? `, ${once}` : ''}`;
    if (runs.mode !== 'private' || tools === undefined) return { how: 'emulated', why };
    if (tools === 'unknown')
      return {
        how: 'emulated',
        why: `${why}; with native tools if its base, which is not here yet, is Debian, Ubuntu or Alpine`,
      };
    return { how: 'accelerated', why: `${why}, and the tools of ${tools} run native` };
  }
  if (targets.length > 1) return { how: 'shared', why: `nothing in it differs: it runs on ${name}, ${once}` };
  const [target = on] = targets;
  if (target.os === on.os && target.architecture === on.architecture)
    return {
      how: 'native',
      why: on.architecture === machine.architecture ? `this machine is ${here}` : `${here} runs ${name} itself`,
    };
  return { how: 'cross', why: `it runs on ${name} for ${formatPlatform(target)}` };
}
