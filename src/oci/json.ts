/** Keys that come first, in this order, in what this project writes; all others follow by name. */
const FIRST = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'digest',
  'size',
  'config',
  'layers',
  'manifests',
  'subject',
  'created',
  'author',
  'architecture',
  'variant',
  'os',
  'os.version',
  'os.features',
  'rootfs',
  'history',
];
const RANK: ReadonlyMap<string, number> = new Map(FIRST.map((key, index) => [key, index]));

/**
 * The one JSON encoding of a new manifest, index or config: no blanks, keys in a fixed order, absent fields left
 * out. The same value gives the same bytes, however it was made. Never for bytes that came from elsewhere: those
 * are kept as they are.
 */
export function encodeJson(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(ordered(value)));
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, ordered(item)]));
}

function rank(key: string): number {
  return RANK.get(key) ?? FIRST.length;
}
