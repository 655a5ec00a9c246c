import { type Hash, createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { posix } from 'node:path';
import { decompress } from '../archive/decompress.ts';
import { type TarMember, readTar } from '../archive/reader.ts';
import type { DiskStore } from '../content/blob-store.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { diskFull } from '../util/disk-full.ts';
import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';

/** A file of an image archive: hashed, and written to where the store can take it over, or there already. */
interface StagedFile {
  readonly digest: Digest;
  readonly size: number;
  readonly path: string;
  /** Makes it a blob of the store. */
  keep(): void;
}

/** Members of one image archive; more are no image. */
const MAX_MEMBERS = 100_000;
/** Links followed to a file. */
const MAX_LINKS = 16;

/** The files of an image archive, none of which is in the store before it is kept. Disposing drops the others. */
export class StagedArchive implements Disposable {
  readonly #content: DiskStore;
  readonly #files = new Map<string, StagedFile>();
  readonly #links = new Map<string, string>();
  readonly #byDigest = new Map<Digest, StagedFile>();
  readonly #open: Disposable[] = [];

  private constructor(content: DiskStore) {
    this.#content = content;
  }

  /**
   * Reads a tar in any compression to its end. Names never become paths here; one that leaves the archive is
   * refused all the same: ARCHIVE_INVALID. Blobs are checked against their names: DIGEST_MISMATCH.
   */
  static async read(
    source: AsyncIterable<Uint8Array>,
    options: { content: DiskStore; name: string; signal?: AbortSignal },
  ): Promise<StagedArchive> {
    const archive = new StagedArchive(options.content);
    const abortable = { signal: options.signal };
    try {
      let members = 0;
      for await (const member of readTar(decompress(source, { name: options.name, ...abortable }), abortable)) {
        if (++members > MAX_MEMBERS) {
          throw new PolyarchError(
            'ARCHIVE_TOO_LARGE',
            `${options.name} has more than ${MAX_MEMBERS} members: it is no image archive`,
          );
        }
        await archive.#add(member, options.name);
      }
    } catch (error) {
      archive[Symbol.dispose]();
      throw naming(options.name, error);
    }
    return archive;
  }

  /** A file by its name in the archive, links followed. */
  file(name: string): StagedFile | undefined {
    let path = posix.normalize(name);
    for (let hops = 0; hops <= MAX_LINKS; hops++) {
      const found = this.#files.get(path);
      if (found !== undefined) return found;
      const next = this.#links.get(path);
      if (next === undefined) return undefined;
      path = next;
    }
    return undefined;
  }

  blob(digest: Digest): StagedFile | undefined {
    return this.#byDigest.get(digest);
  }

  /** A small file's bytes. */
  bytes(file: StagedFile, limit: number = LIMITS.manifestBytes): Uint8Array {
    if (file.size > limit)
      throw new PolyarchError(
        'TOO_LARGE',
        `${file.digest} of the archive has ${file.size} bytes; at most ${limit} are read`,
      );
    return readFileSync(file.path);
  }

  /** The first bytes of a file, to tell its compression. */
  head(file: StagedFile, count: number): Uint8Array {
    const fd = openSync(file.path, 'r');
    try {
      const bytes = Buffer.alloc(count);
      return bytes.subarray(0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    for (const open of this.#open) open[Symbol.dispose]();
  }

  async #add(member: TarMember, archive: string): Promise<void> {
    const { entry } = member;
    const path = posix.normalize(entry.path);
    if (posix.isAbsolute(path) || path === '..' || path.startsWith('../')) {
      throw new PolyarchError(
        'ARCHIVE_INVALID',
        `${archive}: the member ${JSON.stringify(entry.path)} leaves the archive`,
        {
          hint: 'no image archive has such a member: do not trust where this one came from',
        },
      );
    }
    if (entry.type === 'symlink' || entry.type === 'hardlink') {
      const target = entry.type === 'symlink' ? posix.join(posix.dirname(path), entry.linkname) : entry.linkname;
      this.#files.delete(path);
      this.#links.set(path, posix.normalize(target));
    } else if (entry.type === 'file') {
      if (entry.sparse !== undefined)
        throw new PolyarchError('ARCHIVE_UNSUPPORTED', `${archive}: the member ${entry.path} is a sparse file`);
      const staged = await this.#stage(member, blobDigest(path));
      this.#links.delete(path);
      this.#files.set(path, staged);
      this.#byDigest.set(staged.digest, staged);
    }
  }

  async #stage({ entry, body }: TarMember, expected: Digest | undefined): Promise<StagedFile> {
    const content = this.#content;
    const algorithm = expected?.startsWith('sha512:') === true ? 'sha512' : 'sha256';
    const sum = createHash(algorithm);
    // What the store has is not written again, but hashed.
    const known = expected !== undefined && content.hasSync({ digest: expected, size: entry.size });
    const ingest = known ? undefined : content.createIngest();
    if (ingest !== undefined) this.#open.push(ingest);
    const size = ingest === undefined ? await hashBody(body, sum) : await writeBody(body, sum, ingest.path);
    const digest = `${algorithm}:${sum.digest('hex')}`;
    if (!isDigest(digest)) throw new Error(`${digest} is a digest`);
    if (expected !== undefined && digest !== expected) {
      throw new PolyarchError('DIGEST_MISMATCH', `the archive's ${entry.path} has the content of ${digest}`, {
        hint: 'it is damaged or forged: make or fetch it again',
      });
    }
    let kept = false;
    return {
      digest,
      size,
      get path() {
        return kept || ingest === undefined ? content.path(digest) : ingest.path;
      },
      keep() {
        if (!kept) ingest?.commit(digest, size);
        kept = true;
      },
    };
  }
}

/** Says of which archive a failure is. */
function naming(name: string, error: unknown): unknown {
  if (!(error instanceof PolyarchError) || error.message.includes(name)) return error;
  return new PolyarchError(error.code, `${name}: ${error.message}`, {
    cause: error,
    details: error.details,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}

/** The digest that a blob's name in a layout says. */
function blobDigest(path: string): Digest | undefined {
  const match = /^blobs\/(sha256|sha512)\/([a-f0-9]+)$/.exec(path);
  const digest = `${match?.[1]}:${match?.[2]}`;
  return match !== null && isDigest(digest) ? digest : undefined;
}

async function hashBody(body: AsyncIterable<Buffer>, sum: Hash): Promise<number> {
  let size = 0;
  for await (const part of body) {
    sum.update(part);
    size += part.length;
  }
  return size;
}

async function writeBody(body: AsyncIterable<Buffer>, sum: Hash, path: string): Promise<number> {
  const fd = openSync(path, 'wx', 0o644);
  let size = 0;
  try {
    for await (const part of body) {
      sum.update(part);
      for (let done = 0; done < part.length;) done += writeSync(fd, part, done);
      size += part.length;
    }
  } catch (error) {
    throw diskFull(error, 'while loading the archive') ?? error;
  } finally {
    closeSync(fd);
  }
  return size;
}
