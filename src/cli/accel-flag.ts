import type { Command } from 'commander';
import type { AccelMode } from '../emulation/pairs.ts';
import { PolyarchError } from '../util/error.ts';
import type { CliContext } from './context.ts';

/** `--accel`: native tools in emulated steps; its default is POLYARCH_ACCEL, else `exact`. */
export function accelFlag(command: Command, { env }: CliContext): Command {
  return command.option(
    '--accel <mode>',
    'native tools in emulated steps: exact, compatible or off',
    env['POLYARCH_ACCEL'] || 'exact',
  );
}

export function accelMode(text: string): AccelMode {
  if (text === 'exact' || text === 'compatible' || text === 'off') return text;
  throw new PolyarchError('INVALID_ARGUMENT', `--accel ${JSON.stringify(text)} is none of exact, compatible, off`);
}
