/** Text in columns as Docker prints it: at least three blanks between them, none at the end of a line. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd((widths[i] ?? 0) + 3)))
      .join('')
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** `3.15MB`, in powers of 1000 as Docker shows sizes. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  for (; Number(value.toPrecision(3)) >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${
    unit === 0
      ? value
      : value
          .toPrecision(3)
          .replace(/(\.\d*?)0+$/, '$1')
          .replace(/\.$/, '')
  }${units[unit]}`;
}

/** `3 minutes ago`, in Docker's words. */
export function ago(time: number, now: number = Date.now()): string {
  const seconds = Math.floor((now - time) / 1000);
  const say = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  if (seconds < 1) return 'Less than a second ago';
  if (seconds < 60) return say(seconds, 'second');
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute ago';
  if (minutes < 60) return say(minutes, 'minute');
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return 'About an hour ago';
  if (hours < 48) return say(hours, 'hour');
  if (hours < 24 * 14) return say(Math.floor(hours / 24), 'day');
  if (hours < 24 * 60) return say(Math.floor(hours / 24 / 7), 'week');
  if (hours < 24 * 365 * 2) return say(Math.floor(hours / 24 / 30), 'month');
  return say(Math.floor(hours / 24 / 365), 'year');
}
