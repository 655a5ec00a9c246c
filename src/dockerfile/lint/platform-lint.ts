import type { Platform } from '../../oci/platform.ts';
import { formatPlatform } from '../../oci/platform-parse.ts';
import type { Instruction } from '../ast.ts';
import type { Lint } from './lint.ts';

/** What a rule on platforms is given. */
export interface PlatformLint {
  readonly lint: Lint;
  readonly buildPlatform: Platform;
  /** Those of the build that the building machine runs only emulated. */
  readonly foreign: readonly Platform[];
  readonly platforms: readonly Platform[];
  readonly buildArgs: ReadonlyMap<string, string>;
  /** The Dockerfile's. */
  readonly lines: readonly string[];
}

/** An instruction as it is written, continuation lines and heredocs too. */
export function writtenOf({ location }: Instruction, lines: readonly string[]): string {
  return lines.slice(location.startLine - 1, location.endLine).join('\n');
}

export function namesOf(platforms: readonly Platform[]): string {
  return platforms.map((platform) => formatPlatform(platform)).join(', ');
}
