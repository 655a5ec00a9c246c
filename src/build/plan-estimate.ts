import { type Platform, formatPlatform, parsePlatform } from '../oci/platform.ts';
import type { StepTime } from '../worker/step-times.ts';

/** How many times longer than natively a compiler takes under QEMU, roughly. */
const EMULATED = 8;

/** How long a step may take. */
export interface Estimate {
  readonly seconds: number;
  /** `recorded` when it ran so, `scaled` from another platform, by what emulation costs. */
  readonly basis: 'recorded' | 'scaled';
  /** Where and when it ran. */
  readonly platform: string;
  readonly ended: string;
}

/** What a record says of a run on a platform; undefined without a record. */
export function estimate(
  record: StepTime | undefined,
  { on, isNative }: { on: Platform; isNative: (platform: Platform) => boolean },
): Estimate | undefined {
  if (record === undefined) return undefined;
  const cost = (platform: Platform) => (isNative(platform) ? 1 : EMULATED);
  const factor = cost(on) / cost(parsePlatform(record.platform));
  return {
    seconds: Number(((record.ms / 1000) * factor).toPrecision(3)),
    basis: record.platform === formatPlatform(on) ? 'recorded' : 'scaled',
    platform: record.platform,
    ended: new Date(record.ended).toISOString(),
  };
}
