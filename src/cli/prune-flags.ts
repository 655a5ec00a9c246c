import { PolyarchError } from '../util/error.ts';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `until=24h`, `until=1h30m`, or a time (RFC 3339, or seconds since 1970): the time in ms since the epoch. */
export function unusedSince(filters: readonly string[], now: number): number | undefined {
  let since: number | undefined;
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    const [key, value] = [filter.slice(0, equals), filter.slice(equals + 1)];
    const time = key === 'until' ? parseAge(value, now) : undefined;
    if (time === undefined) {
      throw new PolyarchError('INVALID_ARGUMENT', `--filter ${JSON.stringify(filter)} is not understood`, {
        hint: 'for example: --filter until=24h',
      });
    }
    since = Math.min(since ?? time, time);
  }
  return since;
}

/** An age (`24h`, `1h30m`) or a time (RFC 3339, or seconds since 1970): ms since the epoch; undefined for anything else. */
export function parseAge(text: string, now: number): number | undefined {
  if (/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)];
    return now - parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0);
  }
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
