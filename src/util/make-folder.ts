import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode } from './error.ts';

/**
 * Makes a folder and those above it, like mkdir -p. Node's own recursive mkdir never ends where a filesystem
 * answers ENOENT although the folder above is there, as /proc does.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    const above = dirname(path);
    if (!hasCode(error, 'ENOENT') || above === path || statSync(above, { throwIfNoEntry: false }) !== undefined)
      throw error;
    makeFolder(above);
    mkdirSync(path);
  }
}
