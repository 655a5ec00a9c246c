import { readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { decodeText, fsPath } from '../archive/text.ts';
import { hasCode } from '../util/error.ts';

/** Removes a file or a folder with all that is in it, never following symlinks; `onFolder` hears of each folder. */
export function removeTree(path: string, onFolder: (path: string) => void): void {
  try {
    unlinkSync(fsPath(path));
    return;
  } catch (error) {
    if (!hasCode(error, 'EISDIR', 'EPERM')) throw error;
  }
  for (const name of readdirSync(fsPath(path), { encoding: 'buffer' }))
    removeTree(`${path}/${decodeText(name)}`, onFolder);
  rmdirSync(fsPath(path));
  onFolder(path);
}
