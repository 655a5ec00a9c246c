/** Values inside flags, in the notations of Go's strconv and time packages; undefined for what they refuse. */

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

export function parseBool(text: string): boolean | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

/** Digits of the base, without a sign, below 2³². */
export function parseUint32(text: string, base: 8 | 10): number | undefined {
  if (!(base === 8 ? /^[0-7]+$/ : /^[0-9]+$/).test(text)) return undefined;
  const value = Number.parseInt(text, base);
  return value < 2 ** 32 ? value : undefined;
}

/** Decimal digits with an optional sign, within 32 bits. */
export function parseInt32(text: string): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= -(2 ** 31) && value < 2 ** 31 ? value : undefined;
}

/** No number is longer; it also bounds the time a regular expression takes. */
const MAX_LENGTH = 200;

const SIZE = /^(\+?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?) ?(?:([kmgtp])(?:i?b)?|b)?$/i;
const SIZE_POWERS = 'kmgtp';

/** `64m`, `1.5 GiB`, `100`: bytes; the letters are powers of 1024. */
export function parseSize(text: string): number | undefined {
  const match = text.length > MAX_LENGTH ? null : SIZE.exec(text);
  if (match === null) return undefined;
  const unit = match[2]?.toLowerCase();
  const bytes = Math.trunc(Number(match[1]) * 1024 ** (unit === undefined ? 0 : SIZE_POWERS.indexOf(unit) + 1));
  return Number.isFinite(bytes) ? bytes : undefined;
}

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const DURATION = /^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/;
const DURATION_PART = /([0-9]*\.?[0-9]*)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g;

/** `1h30m`, `250ms`, `0`: nanoseconds. */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  if (text.length > MAX_LENGTH || !DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) {
    total += Math.trunc(Number(amount) * (NANOSECONDS[unit ?? ''] ?? 0));
  }
  if (total >= 2 ** 63) return undefined;
  return text.startsWith('-') && total !== 0 ? -total : total;
}
