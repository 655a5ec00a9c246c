import { type CpuFacts, missingFeatures } from '../../emulation/cpu-levels.ts';
import { type Platform, formatPlatform } from '../../oci/platform.ts';
import { PolyarchError } from '../../util/error.ts';

/** How a step's process ended. */
export interface StepEnd {
  readonly exitCode: number;
  readonly platform: Platform;
  /** The end of what it said. */
  readonly log: string;
  /** The place, when the disk was full as the step failed. */
  readonly fullDisk?: string;
}

/** STEP_FAILED, or NO_SPACE, with what is known of the cause. */
export function stepFailed(args: readonly string[], end: StepEnd, cpu?: CpuFacts): PolyarchError {
  const { exitCode, log, fullDisk } = end;
  const shell = args.length === 3 && args[1] === '-c' ? args[2] : undefined;
  const process = `process ${JSON.stringify(shell ?? args.join(' '))}`;
  if (fullDisk !== undefined) {
    return new PolyarchError(
      'NO_SPACE',
      `${process} failed (exit code: ${exitCode}) with no space left on the disk of ${fullDisk}`,
      {
        details: { exitCode, log },
        hint: 'free some space (polyarch prune removes what no image needs) and run it again',
      },
    );
  }
  const hint = hintFor(end, cpu);
  return new PolyarchError('STEP_FAILED', `${process} did not complete successfully: exit code: ${exitCode}`, {
    details: { exitCode, log },
    ...(hint === undefined ? {} : { hint }),
  });
}

/** 128 + SIGILL. */
const ILLEGAL_INSTRUCTION = 132;

function hintFor({ exitCode, platform, log }: StepEnd, cpu: CpuFacts | undefined): string | undefined {
  // What glibc's loader says of a program for a newer CPU.
  if (exitCode === ILLEGAL_INSTRUCTION || /CPU does not support|CPU ISA level/.test(log)) {
    const missing = missingFeatures(platform, cpu);
    if (missing.length > 0)
      return `this CPU lacks ${missing.join(' ')}, which programs for ${formatPlatform(platform)} may use: run it on a newer one`;
  }
  return exitCode === 127 ? 'exit code 127: the command was not found in the image' : undefined;
}
