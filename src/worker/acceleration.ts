import type { Accelerator, PackFor } from '../accel/accelerator.ts';
import type { RanNative } from '../emulation/accel-map.ts';
import type { Emulation } from '../emulation/emulation.ts';
import { hostArchitecture } from '../emulation/native.ts';
import type { AccelLevel } from '../emulation/pairs.ts';
import type { Platform } from '../oci/platform.ts';
import type { StorePaths } from './paths.ts';

/** The packs of a worker's steps. */
export interface Acceleration {
  /** The folder of a step's pack; undefined where nothing is to run native. */
  packFor(
    step: Omit<PackFor, 'architecture' | 'level'> & {
      readonly platform: Platform;
      readonly level: AccelLevel | undefined;
    },
  ): Promise<string | undefined>;
  accelerator(): Promise<Accelerator>;
}

/** The accelerator is loaded when a step is emulated by this worker's own registration. */
export function openAcceleration(options: {
  readonly paths: StorePaths;
  readonly emulation: Emulation;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Acceleration {
  let loaded: Promise<Accelerator> | undefined;
  const accelerator = () => (loaded ??= loadAccelerator(options));
  return {
    accelerator,
    packFor: async ({ platform, level, ...step }) => {
      if (level === undefined) return undefined;
      const mode = await options.emulation.modeFor(platform);
      if (mode.kind !== 'private' || mode.dispatches !== true) return undefined;
      return (await accelerator()).packFor({ ...step, level, architecture: platform.architecture });
    },
  };
}

async function loadAccelerator({ paths, env }: Parameters<typeof openAcceleration>[0]): Promise<Accelerator> {
  const [{ createAccelerator }, { Connections }, { proxyFromEnvironment }, { httpGet }] = await Promise.all([
    import('../accel/accelerator.ts'),
    import('../registry/connections.ts'),
    import('../registry/proxy.ts'),
    import('./sources/http-exchange.ts'),
  ]);
  const connections = new Connections({ proxy: proxyFromEnvironment(env) });
  return createAccelerator({
    folder: paths.accel,
    locks: paths.locks,
    env,
    native: hostArchitecture(),
    get: async (url, options) => (await httpGet(url, { connections, headers: {}, ...options })).body,
  });
}

/** Tools named in the last line of a step's log. */
const NAMED = 24;

/** What a step's log ends with. */
export function ranNativeLine(ran: readonly RanNative[]): string {
  const names = new Map<string, number>();
  for (const { tool, times } of ran) {
    const name = tool.slice(tool.lastIndexOf('/') + 1);
    names.set(name, (names.get(name) ?? 0) + times);
  }
  const sorted = [...names].toSorted(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, NAMED).map(([name, times]) => (times === 1 ? name : `${name} ×${times}`));
  const more = sorted.length - shown.length;
  return `ran native: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
