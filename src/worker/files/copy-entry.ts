import { chmodSync, constants, copyFileSync, linkSync, mkdirSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fsPath } from '../../archive/text.ts';
import { PolyarchError, hasCode } from '../../util/error.ts';
import { writeAttributes } from './attributes.ts';
import type { CopyOptions } from './contract.ts';
import { fileFailure } from './failure.ts';
import { symbolicMode } from './mode.ts';
import type { OwnerIds } from './owner.ts';
import { makeNode } from './nodes.ts';
import { setTimesNs } from '../../snapshot/syscalls.ts';
import { asWritten, changeOwner, type Target } from './target.ts';
import { statEntry, type ReadableTree, type TreeEntry } from './tree.ts';
import type { Visit } from './walk.ts';

interface EntryOptions extends Pick<CopyOptions, 'mode' | 'modeStr' | 'timestamp' | 'alwaysReplaceExistingDestPaths'> {
  readonly source: ReadableTree;
  readonly owner?: OwnerIds;
}

/** Makes one source's files and folders in a root, given their visits in order. */
export class EntryCopier {
  readonly #target: Target;
  readonly #options: EntryOptions;
  readonly #mode: (entry: TreeEntry) => number;
  readonly #timestamp: bigint | undefined;
  /** By link id: the first copy. */
  readonly #links = new Map<string, string>();
  /** For each folder entered and not left: what to set when it is left. */
  readonly #open: ('all' | 'times')[] = [];

  constructor(target: Target, options: EntryOptions) {
    this.#target = target;
    this.#options = options;
    const { mode, modeStr, timestamp } = options;
    const change = modeStr === undefined ? undefined : symbolicMode(modeStr);
    this.#mode = (entry) => change?.(entry.mode, entry.type === 'directory') ?? mode ?? entry.mode;
    this.#timestamp = timestamp === undefined || timestamp < 0n ? undefined : timestamp;
  }

  enter(visit: Visit, to: string): void {
    try {
      if (visit.entry.type === 'directory') this.#enterDirectory(visit, to);
      else this.#copyFile(visit, to);
    } catch (error) {
      throw fileFailure(
        error,
        `copying ${JSON.stringify(visit.path)} of ${this.#options.source.title} to ${JSON.stringify(to)}`,
      );
    }
  }

  leave(visit: Visit, to: string): void {
    if (this.#open.pop() === 'all') this.#setMetadata(visit, to);
    else setTimesNs(this.#place(to), this.#timestamp ?? visit.entry.mtimeNs);
  }

  #enterDirectory(visit: Visit, to: string): void {
    const existing = this.#existing(visit.entry, to);
    if (existing === undefined) mkdirSync(fsPath(this.#place(to)), 0o700);
    else if (existing.type !== 'directory') throw conflict(`the folder ${JSON.stringify(visit.path)}`, to, existing);
    // A folder that was there keeps its owner and mode when it is the destination itself.
    this.#open.push(existing === undefined || visit.relative !== '' ? 'all' : 'times');
  }

  #copyFile(visit: Visit, to: string): void {
    const { path, entry } = visit;
    const { source } = this.#options;
    const place = this.#place(to);
    const existing = this.#existing(entry, to);
    if (existing?.type === 'directory') throw conflict(`the ${entry.type} ${JSON.stringify(path)}`, to, existing);
    if (existing !== undefined) unlinkSync(fsPath(place));
    if (entry.type === 'symlink') symlinkSync(fsPath(source.readlink(path)), fsPath(place));
    else if (entry.type === 'file') {
      if (this.#link(entry, place)) return;
      try {
        copyFileSync(fsPath(source.place(path)), fsPath(place), constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      } finally {
        // Says more than the failure, if the file is another one now.
        source.verify?.(path);
      }
    } else if (!this.#makeNode(entry, to)) return;
    this.#setMetadata(visit, to);
  }

  #link(entry: TreeEntry, place: string): boolean {
    if (entry.linkId === undefined) return false;
    const first = this.#links.get(entry.linkId);
    if (first !== undefined) linkSync(fsPath(first), fsPath(place));
    else this.#links.set(entry.linkId, place);
    return first !== undefined;
  }

  #makeNode(entry: TreeEntry, to: string): boolean {
    if (entry.type === 'directory' || entry.type === 'symlink') return false;
    try {
      makeNode(this.#place(to), entry.type, entry.device);
      return true;
    } catch (error) {
      if (!hasCode(error, 'EPERM')) throw error;
      this.#target.warn(
        `the device ${JSON.stringify(to)} was left out: devices can only be made by root of the machine`,
      );
      return false;
    }
  }

  /** What is at the destination; removed when it is of another type and is to be replaced. */
  #existing(entry: TreeEntry, to: string): TreeEntry | undefined {
    const existing = statEntry(this.#place(to));
    if (existing === undefined || this.#options.alwaysReplaceExistingDestPaths !== true) return existing;
    if (existing.type === 'directory' && entry.type === 'directory') return existing;
    rmSync(fsPath(this.#place(to)), { recursive: true, force: true });
    return undefined;
  }

  #setMetadata(visit: Visit, to: string): void {
    const { path, entry } = visit;
    const place = this.#place(to);
    // Changing the owner clears capabilities and set-id bits, so it comes first.
    changeOwner(this.#target, to, this.#options.owner ?? entry);
    const refused = writeAttributes(place, this.#options.source.attributes(path));
    if (refused.length > 0)
      this.#target.warn(
        `attributes that could not be kept in the image: ${refused.join(', ')} (first of ${JSON.stringify(to)})`,
      );
    if (entry.type !== 'symlink') chmodSync(fsPath(place), this.#mode(entry));
    setTimesNs(place, this.#timestamp ?? entry.mtimeNs);
  }

  #place(path: string): string {
    return join(this.#target.root, path);
  }
}

function conflict(what: string, to: string, existing: TreeEntry): PolyarchError {
  return new PolyarchError(
    'COPY_TYPE_CONFLICT',
    `${what} cannot take the place of the ${existing.type} ${JSON.stringify(to)} in the image`,
    {
      hint:
        existing.type === 'directory'
          ? 'copy it to another name, or remove the folder in an earlier step'
          : 'copy the folder to another place, or remove what is in its way in an earlier step',
      details: { word: asWritten(to) },
    },
  );
}
