import { join } from 'node:path';
import { PolyarchError, messageOf } from '../../util/error.ts';
import { lstatPlace } from '../../snapshot/disk.ts';
import { isUnchanged, type ScanEntry } from './scan-entry.ts';

/** What messages say of a scanned folder. */
export interface ScannedFolder {
  readonly title: string;
  /** Absolute, on this machine. */
  readonly root: string;
  readonly excludePatterns?: readonly string[];
  readonly ignoreFile?: string;
}

/** @throws PolyarchError CONTEXT_CHANGED when the file is not the one that was scanned */
export function verifyEntry(folder: ScannedFolder, entry: ScanEntry | undefined): void {
  if (entry === undefined) return;
  const now = lstatPlace(join(folder.root, entry.path));
  if (now !== undefined && isUnchanged(entry, now)) return;
  throw new PolyarchError(
    'CONTEXT_CHANGED',
    `${JSON.stringify(entry.path)} of ${folder.title} ${now === undefined ? 'was removed' : 'changed'} while it was being read`,
    {
      hint: `build again when nothing writes to it, or exclude it with ${folder.ignoreFile ?? '.dockerignore'}`,
      details: { path: entry.path },
    },
  );
}

/** The failure of reading something in a context. */
export function unreadable(folder: ScannedFolder, path: string, error: unknown): PolyarchError {
  const what =
    path === '' ? `${folder.title} ${JSON.stringify(folder.root)}` : `${JSON.stringify(path)} of ${folder.title}`;
  return new PolyarchError('CONTEXT_UNREADABLE', `${what} cannot be read: ${messageOf(error)}`, {
    hint:
      path === ''
        ? 'change its permissions'
        : `change its permissions, or exclude it: add the line "/${path}" to ${folder.ignoreFile ?? '.dockerignore'}`,
    cause: error,
    details: { path },
  });
}
