import { type TestCommand, parseTestCommand } from '../build/image-test.ts';
import type { BuildRequest, Scoped } from '../build/request.ts';
import { PolyarchError } from '../util/error.ts';
import { platformPrefix } from './platform-prefix.ts';

/** Flags of `build` about what is checked before anything leaves it. */
export interface VerifyFlags {
  readonly test?: string[];
  readonly testEntrypoint?: boolean;
  readonly testTimeout: string;
  readonly archCheck: string;
}

export const TEST_TIMEOUT = '10m';

/** The request's part of them. */
export function verifyRequest(flags: VerifyFlags): Pick<BuildRequest, 'archCheck' | 'tests'> {
  const archCheck = archCheckMode(flags.archCheck);
  const timeout = parseDuration('--test-timeout', flags.testTimeout);
  if (flags.test === undefined) return { archCheck };
  const commands = flags.test.map((text): Scoped<TestCommand> => {
    const { value, ...scope } = platformPrefix(text, { flag: '--test' });
    return { ...scope, value: parseTestCommand(value) };
  });
  return { archCheck, tests: { commands, keepEntrypoint: flags.testEntrypoint === true, timeout } };
}

function archCheckMode(text: string): NonNullable<BuildRequest['archCheck']> {
  if (text === 'error' || text === 'warn' || text === 'off') return text;
  throw new PolyarchError('INVALID_ARGUMENT', `--arch-check ${JSON.stringify(text)} is none of error, warn, off`);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** The longest that a timer can be set to. */
const MAX_MS = 2 ** 31 - 1;

/** `90s`, `10m`, `1h30m` in ms, as Go writes durations; a number alone is seconds. */
export function parseDuration(flag: string, text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const ms = /^\d+$/.test(text)
    ? Number(text) * 1000
    : parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
  const whole = /^\d+$/.test(text) || parts.map(([part]) => part).join('') === text;
  if (whole && ms > 0 && ms <= MAX_MS) return ms;
  throw new PolyarchError('INVALID_ARGUMENT', `${flag} ${JSON.stringify(text)} is no time above zero`, {
    hint: `for example: ${flag} 90s`,
  });
}
