import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { formatPlatform } from '../oci/platform.ts';
import type { AcceptFiles, LayerService, PlatformResult } from './contract.ts';
import { debug } from '../util/debug.ts';
import { messageOf } from '../util/error.ts';
import { tryLock } from '../util/lock.ts';
import { makeFolder } from '../util/make-folder.ts';
import { outputError } from './atomic-file.ts';
import { NameClash } from './name-clash.ts';

/** One platform's files and the folder below the destination that they go to; empty for the destination itself. */
export interface PlatformFolder {
  readonly result: PlatformResult;
  readonly folder: string;
}

/**
 * Copies every platform's files to a folder of the machine, which is told by the name a person gave it. What is there stays, unless it is to be emptied.
 * Platforms that share a folder must not have a file of one name (OUTPUT_CLASH).
 *
 * All of it is written beside what is there and then moved to its place, name by name: a failure before the first move,
 * such as a full disk, changes nothing, and no file is ever there by half.
 */
export async function exportFolders(
  folders: readonly PlatformFolder[],
  { name, path: destination }: { name: string; path: string },
  options: { layers: LayerService; empty: boolean; accepts?: AcceptFiles; clampMtime?: number; signal?: AbortSignal },
): Promise<void> {
  const { layers, empty, accepts, ...rest } = options;
  // Inside, since the folder above may be another disk's, or nobody's to write.
  const aside = join(destination, `.polyarch-${randomUUID().slice(0, 8)}.part`);
  makeDestination(aside);
  using _held = tryLock(join(aside, LOCK));
  try {
    await sweepParts(destination, layers);
    const written: { readonly result: PlatformResult; readonly from: string; readonly folder: string }[] = [];
    for (const [i, { result, folder }] of folders.entries()) {
      const from = join(aside, String(i));
      const elfs = await layers.exportDirectory(result.layers, from, { ...rest, name });
      if ((await accepts?.(result, elfs)) !== false) written.push({ result, from, folder });
    }
    if (written.length > 1 && written.some(({ folder }) => folder === '')) {
      const clash = new NameClash();
      for (const { result, from } of written)
        for (const path of files(from)) clash.add(path, formatPlatform(result.platform));
    }
    if (empty)
      for (const old of readdirSync(destination))
        if (old !== basename(aside)) await layers.removeTree(join(destination, old));
    for (const { from, folder } of written)
      await layers.moveDirectory(from, join(destination, folder), { signal: rest.signal });
  } finally {
    if (existsSync(aside)) await layers.removeTree(aside).catch(() => rmSync(aside, { recursive: true, force: true }));
  }
}

/** Held by who writes to the folder. */
const LOCK = 'lock';

/** Removes what killed exports to this destination left: hidden folders whose lock nobody holds. */
async function sweepParts(destination: string, layers: LayerService): Promise<void> {
  for (const name of readdirSync(destination)) {
    if (!/^\.polyarch-[\da-f]+\.part$/.test(name)) continue;
    const path = join(destination, name);
    try {
      using alone = tryLock(join(path, LOCK));
      if (alone !== undefined) await layers.removeTree(path);
    } catch (error) {
      debug('export', () => `${path} stays: ${messageOf(error)}`);
    }
  }
}

function makeDestination(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw outputError(error, dirname(path));
  }
}

function* files(folder: string, below = ''): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* files(join(folder, entry.name), path);
    else yield path;
  }
}
