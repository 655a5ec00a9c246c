import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode } from './error.ts';

/**
 * Makes a folder and those above it, like mkdir -p. Node's own recursive mkdir never ends where a filesystem
 * answers ENOENT although the folder above is there, as /proc does. `mode` is the folder's own (default 0777
 * without what the umask takes).
 */
export function makeFolder(path: string, options: { mode?: number } = {}): void {
  try {
    mkdirSync(path, options);
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    const above = dirname(path);
    if (!hasCode(error, 'ENOENT') || above === path || statSync(above, { throwIfNoEntry: false }) !== undefined)
      throw error;
    makeFolder(above);
    makeFolder(path, options);
  }
}
