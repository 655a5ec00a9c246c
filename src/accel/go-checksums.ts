import { createHash, createPublicKey, verify } from 'node:crypto';
import { PolyarchError } from '../util/error.ts';
import { fetchSmall, type HttpGet } from './downloads.ts';

/** Whose word for the sums of Go modules counts. */
export interface ChecksumDatabase {
  readonly name: string;
  /** Ed25519, 32 bytes. */
  readonly key: Buffer;
  /** e.g. `https://sum.golang.org` */
  readonly url: string;
}

/** The database that cmd/go believes by default. */
const DEFAULT_KEY = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';
const ED25519 = 1;
/** DER of a SubjectPublicKeyInfo of Ed25519 up to its 32 bytes (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * The database that GOSUMDB names: nothing or `sum.golang.org`, or `NAME+HASH+KEY [URL]`; undefined for `off` and what is not
 * such a key.
 */
export function checksumDatabase(setting: string | undefined): ChecksumDatabase | undefined {
  const [first = '', second] = (setting ?? '').trim().split(/\s+/);
  const text = first === '' || first === 'sum.golang.org' ? DEFAULT_KEY : first;
  const [, name = '', id = '', base64 = ''] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text) ?? [];
  const key = Buffer.from(base64, 'base64');
  if (key.length !== 33 || key[0] !== ED25519 || keyId(name, key).toString('hex') !== id) return undefined;
  return { name, key: key.subarray(1), url: second ?? `https://${name}` };
}

function keyId(name: string, key: Uint8Array): Buffer {
  return createHash('sha256').update(`${name}\n`).update(key).digest().subarray(0, 4);
}

/**
 * The `h1:` sum of a module's zip (golang.org/ref/mod#checksum-database): its record must lie in the tree of which the database
 * signed the root.
 *
 * @throws PolyarchError ACCEL_UNTRUSTED; HTTP_STATUS, HTTP_UNREACHABLE
 */
export async function moduleSum(
  { path, version }: { readonly path: string; readonly version: string },
  options: { readonly database: ChecksumDatabase; readonly get: HttpGet; readonly signal?: AbortSignal },
): Promise<string> {
  const { database } = options;
  const answer = (await fetchSmall(`${database.url}/lookup/${path}@${version}`, options)).toString();
  const [, id = '', record = '', note = ''] = /^(\d+)\n((?:[^\n]+\n)+)\n(.*)$/s.exec(answer) ?? [];
  const tree = signedTree(note, database);
  const sum = record
    .split('\n')
    .map((line) => line.split(' '))
    .find(([module, of]) => module === path && of === version)?.[2];
  const index = Number(id);
  if (tree === undefined || sum === undefined || !sum.startsWith('h1:') || !(index < tree.size)) {
    throw untrusted(`${database.name}'s answer for ${path}@${version} has no good signature or no sum`);
  }
  const leaf = sha256(Buffer.of(0), Buffer.from(record));
  const root = await treeRoot(tree.size, { index, leaf }, { ...options, tiles: new Map() });
  if (!root.equals(tree.root))
    throw untrusted(`${database.name} has no record of ${path}@${version} in its signed tree`);
  return sum;
}

/** What a signed note says of the tree (golang.org/design/25530-sumdb): undefined where the key did not sign it. */
function signedTree(
  note: string,
  { name, key }: ChecksumDatabase,
): { readonly size: number; readonly root: Buffer } | undefined {
  const end = note.lastIndexOf('\n\n');
  const text = note.slice(0, end + 1);
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' });
  const id = keyId(name, Buffer.concat([Buffer.of(ED25519), key]));
  const signed = note
    .slice(end + 2)
    .split('\n')
    .map((line) => /^\u2014 (\S+) (\S+)$/.exec(line) ?? [])
    .filter(([, signer]) => signer === name)
    .map(([, , base64 = '']) => Buffer.from(base64, 'base64'))
    .some((one) => one.subarray(0, 4).equals(id) && verify(null, Buffer.from(text), publicKey, one.subarray(4)));
  const [, size = '', root = ''] = /^go\.sum database tree\n(\d+)\n(\S+)\n/.exec(text) ?? [];
  return signed && size !== '' ? { size: Number(size), root: Buffer.from(root, 'base64') } : undefined;
}

interface TileOptions {
  readonly database: ChecksumDatabase;
  readonly get: HttpGet;
  readonly tiles: Map<string, Promise<Buffer>>;
  readonly signal?: AbortSignal;
}

/** Hashes on one level of a tile: 2 to the power of HEIGHT. */
const HEIGHT = 8;
const WIDTH = 2 ** HEIGHT;
const HASH = 32;

/** The root of a tree of `size` records (RFC 6962, section 2.1) in which `leaf` is the hash of one of them. */
async function treeRoot(
  size: number,
  known: { readonly index: number; readonly leaf: Buffer },
  options: TileOptions,
): Promise<Buffer> {
  const within = async (from: number, to: number): Promise<Buffer> => {
    const count = to - from;
    const has = from <= known.index && known.index < to;
    if (has && count === 1) return known.leaf;
    if (!has && Number.isInteger(Math.log2(count))) return subtree({ from, level: Math.log2(count), size }, options);
    const half = 2 ** Math.ceil(Math.log2(count) - 1);
    const [left, right] = await Promise.all([within(from, from + half), within(from + half, to)]);
    return node(left, right);
  };
  return within(0, size);
}

/** The hash of the whole subtree of 2^level records that begins at record `from`. */
async function subtree(
  { from, level, size }: { readonly from: number; readonly level: number; readonly size: number },
  options: TileOptions,
): Promise<Buffer> {
  const tileLevel = Math.floor(level / HEIGHT);
  const below = WIDTH ** tileLevel;
  const first = from / below;
  const index = Math.floor(first / WIDTH);
  const width = Math.min(WIDTH, Math.floor(size / below) - index * WIDTH);
  const tile = await readTile({ level: tileLevel, index, width }, options);
  const start = (first - index * WIDTH) * HASH;
  const combine = (at: number, deep: number): Buffer =>
    deep === 0
      ? tile.subarray(at, at + HASH)
      : node(combine(at, deep - 1), combine(at + 2 ** (deep - 1) * HASH, deep - 1));
  return combine(start, level % HEIGHT);
}

async function readTile(
  { level, index, width }: { readonly level: number; readonly index: number; readonly width: number },
  { tiles, database, ...options }: TileOptions,
): Promise<Buffer> {
  const groups = [String(index % 1000).padStart(3, '0')];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`);
  }
  const url = `${database.url}/tile/${HEIGHT}/${level}/${groups.join('/')}`;
  let tile = tiles.get(url);
  if (tile === undefined) {
    // A part of a tile may be gone once the whole one is there.
    const part = width < WIDTH ? fetchSmall(`${url}.p/${width}`, options) : undefined;
    tile = part?.catch(() => fetchSmall(url, options)) ?? fetchSmall(url, options);
    tiles.set(url, tile);
  }
  const bytes = (await tile).subarray(0, width * HASH);
  if (bytes.length < width * HASH) throw untrusted(`${url} is too short`);
  return bytes;
}

function node(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.of(1), left, right);
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function untrusted(message: string): PolyarchError {
  return new PolyarchError('ACCEL_UNTRUSTED', message, {
    hint: 'the Go module proxy or something on the way to it changes answers',
  });
}
