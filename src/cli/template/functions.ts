/** A template's functions: text/template's, and those that Docker adds. */
export type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** Go's truth: neither false, 0, empty nor nil. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A value as Go's `print` shows it; what is not there is empty. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return `[${value.map(shown).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  return `map[${sortedEntries(value)
    .map(([key, item]) => `${key}:${shown(item)}`)
    .join(' ')}]`;
}

/** A map's entries in the order in which Go's `range` goes through them. */
export function sortedEntries(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** The value under a key or index; nothing where there is none. */
function indexed(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) return value[Number(key)];
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([name]) => name === String(key))?.[1];
}

function compared(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a ?? ''), String(b ?? '')];
  return left === right ? 0 : left < right ? -1 : 1;
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

function formatted(format: unknown, ...args: readonly unknown[]): string {
  let next = 0;
  return String(format).replace(/%(%|[-+]?\d*[svdqt])/g, (_whole, verb: string) => {
    if (verb === '%') return '%';
    const value = args[next++];
    const text = verb.endsWith('q') ? JSON.stringify(String(value)) : shown(value);
    const width = Number(/-?\d+/.exec(verb)?.[0] ?? 0);
    return width < 0 ? text.padEnd(-width) : text.padStart(width);
  });
}

const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  and: (...args) => args.find((value) => !isTrue(value)) ?? args.at(-1),
  or: (...args) => args.find(isTrue) ?? args.at(-1),
  not: (value) => !isTrue(value),
  eq: (first, ...others) => others.some((other) => compared(first, other) === 0),
  ne: (a, b) => compared(a, b) !== 0,
  lt: (a, b) => compared(a, b) < 0,
  le: (a, b) => compared(a, b) <= 0,
  gt: (a, b) => compared(a, b) > 0,
  ge: (a, b) => compared(a, b) >= 0,
  index: (value, ...keys) => keys.reduce(indexed, value),
  len: lengthOf,
  print: (...args) => args.map(shown).join(' '),
  println: (...args) => `${args.map(shown).join(' ')}\n`,
  printf: formatted,
  json: (value) => JSON.stringify(value ?? null),
  upper: (value) => text(value).toUpperCase(),
  lower: (value) => text(value).toLowerCase(),
  title: (value) => text(value).replace(/(^|\s)\S/g, (first) => first.toUpperCase()),
  join: (value, separator) => (Array.isArray(value) ? value.map(shown).join(text(separator)) : shown(value)),
  split: (value, separator) => text(value).split(text(separator)),
  truncate: (value, length) => text(value).slice(0, Number(length)),
};
