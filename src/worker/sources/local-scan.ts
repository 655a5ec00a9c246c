import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fsPath } from '../../archive/text.ts';
import type { Digest } from '../../oci/digest.ts';
import { PolyarchError, hasCode } from '../../util/error.ts';
import type { FolderSource, TreeSelector } from '../files/contract.ts';
import { digestTree } from '../files/digest.ts';
import { listPlace, lstatPlace, readLinkPlace } from '../../snapshot/disk.ts';
import { type Pacer, pacer } from '../../util/pacer.ts';
import type { Tree } from '../files/tree.ts';
import { selection, walkTree } from '../files/walk.ts';
import { entriesTree } from './entries-tree.ts';
import { followPaths } from './follow-paths.ts';
import { KnownContents } from './known-contents.ts';
import { packEntries } from './packed-entries.ts';
import { type ScanEntry, scanEntry } from './scan-entry.ts';
import { type ScannedFolder, unreadable } from './scanned-folder.ts';
import type { StatCache } from './stat-cache.ts';

export interface ScanOptions {
  /** The local source's name: `context`, `dockerfile` or a named context's. */
  readonly name: string;
  readonly includePatterns?: readonly string[];
  /** Paths to include with the links that they lead over. */
  readonly followPaths?: readonly string[];
  readonly excludePatterns?: readonly string[];
  /** Where the exclude patterns come from, for messages; default `.dockerignore`. */
  readonly ignoreFile?: string;
  /** What earlier builds know of files' digests; without it every file is read. */
  readonly cache?: StatCache;
  readonly signal?: AbortSignal;
}

/** What was in a folder of this machine when it was scanned, without what is excluded. */
export interface ContextScan {
  /** Below the root, folders before their content; the root itself first, with an empty path. */
  readonly entries: readonly ScanEntry[];
  /** What the worker needs to copy from it. */
  readonly source: FolderSource;
  /**
   * The digest of what copies with these selectors see. Reads only files that no earlier build knows unchanged.
   *
   * @throws PolyarchError COPY_SOURCE_NOT_FOUND, CONTEXT_UNREADABLE, CONTEXT_CHANGED
   */
  digest(selectors: readonly TreeSelector[], options?: { signal?: AbortSignal }): Promise<Digest>;
  /** Keeps the digests found for the next build. */
  save(): void;
}

/**
 * Lists a folder as BuildKit's local source would send it: filtered, owned by 0:0, sockets left out. Reads
 * no file.
 *
 * @param root absolute
 * @throws PolyarchError CONTEXT_NOT_FOUND, CONTEXT_UNREADABLE, PATTERN_INVALID
 */
export async function scanContext(root: string, options: ScanOptions): Promise<ContextScan> {
  const folder = scannedFolder(root, options);
  const pace = pacer(options.signal);
  const entries: ScanEntry[] = [];
  const includePatterns = includes(folder, options);
  const selected = selection({
    ...(includePatterns === undefined ? {} : { includePatterns }),
    excludePatterns: options.excludePatterns ?? [],
  });
  for (const visit of walkTree(rawTree(folder), '/', selected)) {
    if (visit.kind === 'leave' || visit.entry.type === 'socket') continue;
    entries.push(visit.entry);
    if (pace.due) await pace.rest();
  }
  return contextScan(folder, entries, options);
}

function contextScan(folder: ScannedFolder, entries: readonly ScanEntry[], options: ScanOptions): ContextScan {
  const tree = entriesTree(folder, entries);
  const known = new KnownContents(folder, {
    key: `${options.name}\0${folder.root}`,
    ...(options.cache === undefined ? {} : { cache: options.cache }),
  });
  let source: FolderSource | undefined;
  return {
    entries,
    get source(): FolderSource {
      source ??= { kind: 'folder', ...folder, entries: packEntries(entries) };
      return source;
    },
    digest: (selectors, { signal } = {}) => {
      const pace: Pacer = pacer(signal);
      return digestTree(tree, selectors, { contentOf: (path) => known.contentOf(tree.entry(path), pace), pacer: pace });
    },
    save: () => known.save(entries),
  };
}

function scannedFolder(root: string, options: ScanOptions): ScannedFolder {
  const title =
    options.name === 'context' || options.name === 'dockerfile'
      ? 'the build context'
      : `the build context ${JSON.stringify(options.name)}`;
  try {
    if (!statSync(fsPath(root)).isDirectory())
      throw new PolyarchError('CONTEXT_NOT_FOUND', `${title} ${JSON.stringify(root)} is not a folder`);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR'))
      throw new PolyarchError('CONTEXT_NOT_FOUND', `${title} ${JSON.stringify(root)} is not there`, { cause: error });
    if (hasCode(error, 'EACCES')) throw unreadable({ title, root }, '', error);
    throw error;
  }
  return {
    title,
    root: root.length > 1 ? root.replace(/\/+$/, '') : root,
    ...(options.excludePatterns === undefined ? {} : { excludePatterns: options.excludePatterns }),
    ...(options.ignoreFile === undefined ? {} : { ignoreFile: options.ignoreFile }),
  };
}

/** Undefined for everything. */
function includes(folder: ScannedFolder, options: ScanOptions): readonly string[] | undefined {
  if (options.followPaths === undefined) return options.includePatterns;
  const place = (path: string) => join(folder.root, path);
  const followed = followPaths(options.followPaths, {
    readlink: (path) => readLinkPlace(place(path)),
    list: (path) => listFolder(folder, path),
  });
  if (followed === undefined) return options.includePatterns;
  return [...(options.includePatterns ?? []), ...followed];
}

function rawTree(folder: ScannedFolder): Tree<ScanEntry> {
  return {
    title: folder.title,
    lstat: (path) => {
      const place = `${folder.root}${path}`;
      const stat = lstatPlace(place);
      if (stat === undefined) return undefined;
      if (path === '/') {
        const followed = statSync(fsPath(place), { bigint: true }); // the root may be named by a link
        return { ...scanEntry('', followed, ''), mode: 0o755 };
      }
      return scanEntry(path.slice(1), stat, stat.isSymbolicLink() ? (readLinkPlace(place) ?? '') : '');
    },
    list: (path, needed) => listFolder(folder, path.slice(1), needed),
    readlink: (path) => readLinkPlace(join(folder.root, path)) ?? '',
  };
}

/** Names in a folder of the context; none when it is gone, or closed to us and not selected itself. */
function listFolder(folder: ScannedFolder, path: string, needed = true): readonly string[] {
  try {
    return listPlace(join(folder.root, path));
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    if (!hasCode(error, 'EACCES', 'EPERM')) throw error;
    if (!needed) return [];
    throw unreadable(folder, path, error);
  }
}
