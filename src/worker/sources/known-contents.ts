import { join } from 'node:path';
import { hasCode } from '../../util/error.ts';
import { readAttributes } from '../files/attributes.ts';
import type { EntryContent } from '../files/digest.ts';
import { hashFile } from '../files/hash-file.ts';
import type { Pacer } from '../../util/pacer.ts';
import { PackedEntries, packEntries } from './packed-entries.ts';
import type { ScanEntry } from './scan-entry.ts';
import { type ScannedFolder, unreadable, verifyEntry } from './scanned-folder.ts';
import type { StatCache } from './stat-cache.ts';

/**
 * A file changed this shortly before it was read may change again without its times telling: what was read
 * then is not kept (2 s is the coarsest clock of common file systems).
 */
const RACY_NS = 2_000_000_000n;

/** Entries of other scans of the folder that are kept beside this one's, at most. */
const MAX_OTHERS = 20_000;

/** The bytes' digests and attributes of a folder's files: from earlier builds where times and sizes agree, else read. */
export class KnownContents {
  readonly #folder: ScannedFolder;
  readonly #key: string;
  readonly #cache: StatCache | undefined;
  #earlier: PackedEntries | undefined;
  #loaded = false;
  /** Scans mostly see what they saw last time, in the same order. */
  #next = 0;
  /** Entries read now. */
  #found = 0;
  readonly #racy = new Set<ScanEntry>();

  constructor(folder: ScannedFolder, options: { key: string; cache?: StatCache }) {
    this.#folder = folder;
    this.#key = options.key;
    this.#cache = options.cache;
  }

  contentOf(entry: ScanEntry | undefined, pacer: Pacer): EntryContent | Promise<EntryContent> {
    if (entry === undefined) return {};
    this.#recall(entry);
    if (entry.attributed === false && (entry.type !== 'file' || entry.sha256 !== undefined)) {
      return entry.sha256 === undefined ? {} : { sha256: entry.sha256 };
    }
    return this.#read(entry, pacer);
  }

  save(entries: readonly ScanEntry[]): void {
    if (this.#cache === undefined || this.#found === 0) return;
    const kept = entries.filter((entry) => entry.attributed !== undefined && !this.#racy.has(entry));
    const scanned = new Set(entries.map((entry) => entry.path));
    const earlier = this.#load();
    const others: ScanEntry[] = [];
    for (let index = 0; index < (earlier?.count ?? 0) && others.length < MAX_OTHERS; index++) {
      const other = earlier?.entryAt(index);
      if (other !== undefined && !scanned.has(other.path)) others.push(other);
    }
    this.#cache.save(this.#key, packEntries([...kept, ...others]));
    this.#found = 0;
  }

  #recall(entry: ScanEntry): void {
    if (entry.attributed !== undefined) return;
    const earlier = this.#load();
    const index = earlier?.indexOf(entry.path, this.#next);
    if (earlier === undefined || index === undefined) return;
    this.#next = index + 1;
    if (!earlier.isUnchanged(index, entry)) return;
    entry.sha256 = earlier.sha256At(index);
    entry.attributed = earlier.attributedAt(index);
  }

  async #read(entry: ScanEntry, pacer: Pacer): Promise<EntryContent> {
    const place = join(this.#folder.root, entry.path);
    try {
      const now = BigInt(Date.now()) * 1_000_000n;
      const attributes = readAttributes(place);
      if (entry.type === 'file') entry.sha256 ??= await hashFile(place, pacer);
      verifyEntry(this.#folder, entry);
      if (entry.attributed === undefined) {
        entry.attributed = attributes.size > 0;
        this.#found++;
        if (entry.ctimeNs > now - RACY_NS) this.#racy.add(entry);
      }
      return { attributes, ...(entry.sha256 === undefined ? {} : { sha256: entry.sha256 }) };
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ELOOP', 'ENOTDIR')) verifyEntry(this.#folder, entry);
      if (hasCode(error, 'EACCES', 'EPERM')) throw unreadable(this.#folder, entry.path, error);
      throw error;
    }
  }

  #load(): PackedEntries | undefined {
    if (!this.#loaded) {
      this.#loaded = true;
      const packed = this.#cache?.load(this.#key);
      if (packed !== undefined) this.#earlier = PackedEntries.open(packed);
    }
    return this.#earlier;
  }
}
