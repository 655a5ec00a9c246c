import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { decompress } from '../archive/decompress.ts';
import { memberPath } from '../archive/member-path.ts';
import { readTar } from '../archive/reader.ts';
import { type TarInput, writeTar } from '../archive/writer.ts';
import { type AccelRecord, decodeAccelMap, MAP_FILE, RAN_FILE } from '../emulation/accel-map.ts';
import { PolyarchError } from '../util/error.ts';

/** The largest pack is a tenth of this. */
const MAX_BYTES = 4 * 1024 ** 3;
const MAX_FILES = 20_000;

/** The paths of a pack's files, sorted, without the one that is a mountpoint only. */
function packPlaces(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((place) => place !== RAN_FILE)
    .toSorted();
}

/** Names a pack: sha256 of the map's and every file's place and content. */
export function packId(root: string): string {
  const hash = createHash('sha256');
  for (const place of packPlaces(root)) {
    const digest = createHash('sha256')
      .update(readFileSync(join(root, place)))
      .digest('hex');
    hash.update(`${digest} ${place}\n`);
  }
  return hash.digest('hex');
}

/** The records of a pack's map; undefined where it is none, or names a tool that the pack does not have. */
export function packMap(root: string): readonly AccelRecord[] | undefined {
  const places = new Set(packPlaces(root));
  const records = places.has(MAP_FILE) ? decodeAccelMap(readFileSync(join(root, MAP_FILE))) : undefined;
  return records?.every(({ tool }) => places.has(tool)) === true ? records : undefined;
}

/** A step's user, whoever it is, runs the tools, whatever this process's umask takes away. */
export function openToAll(root: string): void {
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const data = entry.name === MAP_FILE || entry.name === RAN_FILE;
    chmodSync(join(entry.parentPath, entry.name), data ? 0o644 : 0o755);
  }
  chmodSync(root, 0o755);
}

/** The pack in the folder `root` as a tar; the same bytes for the same pack. */
export function packTar(root: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<Buffer> {
  const members = packPlaces(root).map((place): TarInput => {
    const path = join(root, place);
    const mode = place === MAP_FILE ? 0o644 : 0o755;
    return { entry: { path: place, type: 'file', size: statSync(path).size, mode }, body: fileParts(path) };
  });
  return writeTar(members, options);
}

/** Opened when it is read, and not before. */
async function* fileParts(path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  yield* file.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false });
}

/**
 * Unpacks what packTar wrote, packed in any way, into an empty folder. The archive may be anyone's: it can hold files
 * below the folder and nothing else. Fails with ARCHIVE_UNSAFE.
 */
export async function unpackPack(
  archive: AsyncIterable<Uint8Array>,
  root: string,
  { name, ...options }: { readonly name: string; readonly signal?: AbortSignal },
): Promise<void> {
  let [bytes, files] = [0, 0];
  for await (const { entry, body } of readTar(decompress(archive, { name, ...options }), options)) {
    const place = memberPath(entry.path, name);
    if (entry.type !== 'file' || place === '' || place === RAN_FILE) {
      throw new PolyarchError('ARCHIVE_UNSAFE', `${name} is no pack: ${JSON.stringify(entry.path)} is a ${entry.type}`);
    }
    bytes += entry.size;
    files += 1;
    if (bytes > MAX_BYTES || files > MAX_FILES)
      throw new PolyarchError('ARCHIVE_UNSAFE', `${name} is too large for a pack`);
    mkdirSync(dirname(join(root, place)), { recursive: true });
    await using file = await open(join(root, place), 'wx', 0o755);
    for await (const part of body) await file.write(part);
  }
  const mountpoint = await open(join(root, RAN_FILE), 'wx', 0o644);
  await mountpoint.close();
  openToAll(root);
}
