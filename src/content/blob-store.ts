import { createHash, hash } from 'node:crypto';
import {
  createReadStream,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, type Digest, digestOf, hexOf, isDigest, verifyBytes, verifyStream } from '../oci/digest.ts';
import { debug } from '../util/debug.ts';
import { untilAborted } from '../util/abort.ts';
import { hasCode, PolyarchError } from '../util/error.ts';
import { createIngest, inFolder, type Ingest, moveInto, onDisk, writeVerified } from './ingest.ts';
import { notFound } from './not-found.ts';
import type { Abortable, Storage } from './storage.ts';

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** When it was written or last asked for by `exists` or `push`; milliseconds since the epoch. */
  readonly usedAt: number;
}

export interface DiskStoreOptions {
  /** Folder of blobs being written, on the same file system. Default: `ingest` below the root. */
  readonly ingest?: string;
}

export interface DiskPushOptions extends Abortable {
  /** Told the file that grows until the blob is whole and verified; not called for a blob that is there or small. */
  readonly onWriting?: (path: string) => void;
}

/** Pushes at most this long are written in one synchronous call. */
const SMALL = 256 * 1024;
/** A look-up renews a blob's time when it is older than this, so that a garbage collection spares it. */
const RENEW_MS = 60_000;

/**
 * Blobs in a folder laid out as an OCI image layout: `blobs/sha256/<hex>`.
 *
 * A blob appears by one rename after all its bytes were written and hashed, so no reader, in any process, ever sees
 * half of one, and a killed writer leaves a file in `ingest/` only. Nothing is fsynced: that would cost more than
 * most builds. After a power cut a blob may be short; a look-up compares the size, every read the digest, and a damaged
 * blob is removed, so that the next build fetches or makes it again.
 */
export class DiskStore implements Storage {
  readonly root: string;
  readonly #ingest: string;
  readonly #pushing = new Map<Digest, Promise<void>>();

  constructor(root: string, options: DiskStoreOptions = {}) {
    this.root = root;
    this.#ingest = options.ingest ?? join(root, 'ingest');
  }

  /** Where the blob lies, or would. Its bytes must not be changed. */
  path(digest: Digest): string {
    return join(this.root, 'blobs', algorithmOf(digest), hexOf(digest));
  }

  info(digest: Digest): BlobInfo | undefined {
    const stat = statSync(this.path(digest), { throwIfNoEntry: false });
    return stat === undefined ? undefined : { digest, size: stat.size, usedAt: stat.mtimeMs };
  }

  /** True when the blob is there, with that size if one is given. */
  hasSync(blob: Digest | Pick<Descriptor, 'digest' | 'size'>): boolean {
    const info = this.info(typeof blob === 'string' ? blob : blob.digest);
    return info !== undefined && (typeof blob === 'string' || info.size === blob.size);
  }

  async exists(descriptor: Descriptor): Promise<boolean> {
    return this.#use(descriptor);
  }

  /** A small blob's bytes, verified. Fails with NOT_FOUND, and with DIGEST_MISMATCH after removing a damaged one. */
  readSync(blob: Digest | Pick<Descriptor, 'digest'>): Uint8Array {
    const digest = typeof blob === 'string' ? blob : blob.digest;
    const content = this.#readFile(digest);
    const algorithm = algorithmOf(digest);
    if (`${algorithm}:${hash(algorithm, content)}` !== digest) {
      this.delete(digest);
      throw new PolyarchError('DIGEST_MISMATCH', `${digest} was damaged in ${this.root}, and is removed now`, {
        hint: 'run it again: what is missing is fetched or made again',
      });
    }
    return content;
  }

  /** Stores a small blob at once; returns its digest. */
  writeSync(content: Uint8Array | string): Digest {
    const digest = digestOf(content);
    const size = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
    if (!this.#use({ digest, size })) this.#writeNow(digest, content);
    return digest;
  }

  async fetch(descriptor: Descriptor, options: Abortable = {}): Promise<Readable> {
    options.signal?.throwIfAborted();
    const info = this.info(descriptor.digest);
    if (info === undefined) throw notFound(descriptor, this.root);
    const file = createReadStream(this.path(descriptor.digest), {
      highWaterMark: 256 * 1024,
      signal: options.signal,
    });
    const checked = verifyStream(file, descriptor);
    checked.once('error', (error) => {
      if (hasCode(error, 'DIGEST_MISMATCH', 'SIZE_MISMATCH')) void this.#removeIfDamaged(descriptor.digest);
    });
    return checked;
  }

  async push(descriptor: Descriptor, content: Readable | Uint8Array, options: DiskPushOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    if (content instanceof Uint8Array && content.length <= SMALL) {
      verifyBytes(content, descriptor);
      if (!this.#use(descriptor)) this.#writeNow(descriptor.digest, content);
      return;
    }
    // A stream that fails before it is read is found failed then.
    if (!(content instanceof Uint8Array)) content.on('error', () => {});
    for (;;) {
      const other = this.#pushing.get(descriptor.digest);
      if (other === undefined) break;
      // Whether the other one worked is seen below.
      const settled = other.catch(() => {});
      await untilAborted(settled, options.signal);
    }
    if (this.#use(descriptor)) {
      if (!(content instanceof Uint8Array)) content.destroy();
      return;
    }
    const pushing = this.#write(descriptor, content, options);
    this.#pushing.set(descriptor.digest, pushing);
    try {
      await pushing;
    } finally {
      this.#pushing.delete(descriptor.digest);
    }
  }

  /** A file in which another process, or other code, writes a blob. */
  createIngest(): Ingest {
    return createIngest(this.#ingest, (digest) => this.path(digest));
  }

  /**
   * Removes the blob unless someone asked for it after `usedBefore` (milliseconds since the epoch); true when it is
   * gone. It is moved aside before its time is looked at again, so that one who found it either renewed it in
   * time, and it comes back, or does not find it.
   */
  deleteUnused(digest: Digest, usedBefore: number): boolean {
    const info = this.info(digest);
    if (info === undefined || info.usedAt > usedBefore) return false;
    const ingest = this.createIngest();
    try {
      renameSync(this.path(digest), ingest.path);
      if (statSync(ingest.path).mtimeMs > usedBefore) moveInto(ingest.path, this.path(digest));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false;
      throw error;
    } finally {
      ingest[Symbol.dispose]();
    }
    return !this.hasSync(digest);
  }

  /** Removes the blob; true when it was there. */
  delete(digest: Digest): boolean {
    try {
      unlinkSync(this.path(digest));
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false;
      throw error;
    }
  }

  /** Every blob, in no order. */
  *list(): Generator<BlobInfo, void, undefined> {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      for (const name of namesIn(join(this.root, 'blobs', algorithm))) {
        const digest = `${algorithm}:${name}`;
        const info = isDigest(digest) ? this.info(digest) : undefined;
        if (info !== undefined) yield info;
      }
    }
  }

  /**
   * Removes what dead writers left: files of `ingest/` that nobody has written to for that long. Returns their bytes.
   * For folders whose other writers nobody knows; the store's own is swept by worker/sweep.ts.
   */
  removeStaleIngests(options: { olderThanMs: number }): number {
    const before = Date.now() - options.olderThanMs;
    let bytes = 0;
    for (const name of namesIn(this.#ingest)) {
      const path = join(this.#ingest, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined || stat.mtimeMs > before) continue;
      bytes += stat.size;
      rmSync(path, { force: true });
    }
    return bytes;
  }

  /** Whether the whole blob is there; if so its time is renewed. */
  #use(descriptor: Pick<Descriptor, 'digest' | 'size'>): boolean {
    const info = this.info(descriptor.digest);
    if (info === undefined || info.size !== descriptor.size) return false;
    const now = Date.now();
    if (now - info.usedAt < RENEW_MS) return true;
    try {
      utimesSync(this.path(descriptor.digest), now / 1000, now / 1000);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false;
      // A store that one may only read is never collected by one either.
      if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS')) throw error;
    }
    return true;
  }

  #readFile(digest: Digest): Uint8Array {
    try {
      return readFileSync(this.path(digest));
    } catch (error) {
      throw hasCode(error, 'ENOENT') ? notFound({ digest }, this.root) : error;
    }
  }

  #writeNow(digest: Digest, content: Uint8Array | string): void {
    onDisk({ digest, path: this.path(digest) }, () => {
      const ingest = this.createIngest();
      try {
        inFolder(ingest.path, () => writeFileSync(ingest.path, content, { flag: 'wx', mode: 0o644 }));
        moveInto(ingest.path, this.path(digest));
      } catch (error) {
        ingest[Symbol.dispose]();
        throw error;
      }
    });
  }

  async #write(descriptor: Descriptor, content: Readable | Uint8Array, options: DiskPushOptions): Promise<void> {
    const blob = { digest: descriptor.digest, path: this.path(descriptor.digest) };
    const ingest = onDisk(blob, () => this.createIngest());
    try {
      const stream = content instanceof Uint8Array ? Readable.from([content]) : content;
      options.onWriting?.(ingest.path);
      await writeVerified(ingest.path, stream, { descriptor, ...options });
      onDisk(blob, () => moveInto(ingest.path, blob.path));
    } catch (error) {
      ingest[Symbol.dispose]();
      throw error;
    }
  }

  /** A mismatch may be the blob's fault or the descriptor's: only a blob that is not its own name's goes. */
  async #removeIfDamaged(digest: Digest): Promise<void> {
    try {
      const algorithm = algorithmOf(digest);
      const sum = createHash(algorithm);
      await pipeline(createReadStream(this.path(digest)), sum);
      if (`${algorithm}:${sum.digest('hex')}` === digest) return;
      rmSync(this.path(digest), { force: true });
      debug('content', () => `removed the damaged blob ${digest}`);
    } catch (error) {
      debug('content', () => `could not check ${digest}: ${String(error)}`);
    }
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
