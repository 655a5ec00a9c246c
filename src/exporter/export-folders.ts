import { type Dirent, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { formatPlatform } from '../oci/platform.ts';
import { removeTree } from '../snapshot/remove-tree.ts';
import type { LayerService, PlatformResult } from './contract.ts';
import { makeFolder } from '../util/make-folder.ts';
import { outputError } from './atomic-file.ts';
import { NameClash } from './name-clash.ts';

/** One platform's files and the folder below the destination that they go to; empty for the destination itself. */
export interface PlatformFolder {
  readonly result: PlatformResult;
  readonly folder: string;
}

/**
 * Copies every platform's files to a folder of the machine. What is there stays, unless it is to be emptied.
 * Platforms that share a folder must not have a file of one name (OUTPUT_CLASH); then nothing is written.
 */
export async function exportFolders(
  folders: readonly PlatformFolder[],
  destination: string,
  options: { layers: LayerService; empty: boolean; clampMtime?: number; signal?: AbortSignal },
): Promise<void> {
  const { layers, empty, ...rest } = options;
  const shared = folders.length > 1 && folders.some(({ folder }) => folder === '');
  makeDestination(destination);
  if (!empty && !shared) {
    for (const { result, folder } of folders)
      await layers.exportDirectory(result.layers, join(destination, folder), rest);
    return;
  }
  // Beside the destination, so that the files can be moved there once all of them are known to fit.
  const aside = join(dirname(resolve(destination)), `.${basename(resolve(destination))}.${process.pid}.part`);
  try {
    for (const [i, { result, folder }] of folders.entries())
      await layers.exportDirectory(result.layers, join(aside, String(i), folder), rest);
    const clash = new NameClash();
    for (const [i, { result }] of folders.entries())
      for (const path of files(join(aside, String(i)))) clash.add(path, formatPlatform(result.platform));
    if (empty) for (const name of readdirSync(destination)) removeTree(join(destination, name), () => {});
    for (const i of folders.keys()) moveInto(join(aside, String(i)), destination);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function makeDestination(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw outputError(error, path);
  }
}

function* files(folder: string, below = ''): Generator<string> {
  for (const entry of list(folder)) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* files(join(folder, entry.name), path);
    else yield path;
  }
}

/** Moves what is in one folder into another of the same filesystem; folders that both have are joined. */
function moveInto(from: string, to: string): void {
  for (const entry of list(from)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    const there = lstatSync(target, { throwIfNoEntry: false });
    if (entry.isDirectory() && there?.isDirectory() === true) {
      moveInto(source, target);
      continue;
    }
    if (there !== undefined) removeTree(target, () => {});
    renameSync(source, target);
  }
}

function list(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true });
}
