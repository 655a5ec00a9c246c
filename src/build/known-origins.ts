import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobOrigins } from '../worker/blob-origins.ts';
import { debug } from '../util/debug.ts';
import { messageOf } from '../util/error.ts';
import { storePaths } from '../worker/paths.ts';

/**
 * The store's record of where blobs are, for commands that need nothing else of it. Without a store there is none, and none
 * is made; with one that cannot be read neither: it only saves sending.
 */
export class KnownOrigins implements Disposable {
  readonly #file: string;
  #db: DatabaseSync | undefined;
  #origins: Promise<BlobOrigins | undefined> | undefined;

  constructor(home: string) {
    this.#file = storePaths(home).database;
  }

  /** Repositories by their names in full. */
  async of(digest: Digest): Promise<readonly string[]> {
    return (await this.#open())?.of(digest) ?? [];
  }

  async note(repository: string, blobs: readonly Descriptor[]): Promise<void> {
    if (blobs.length === 0) return;
    try {
      (await this.#open())?.note(repository, blobs);
    } catch (error) {
      debug('origins', () => `nothing is noted of ${repository}: ${messageOf(error)}`);
    }
  }

  [Symbol.dispose](): void {
    this.#db?.close();
  }

  #open(): Promise<BlobOrigins | undefined> {
    this.#origins ??= this.#read();
    return this.#origins;
  }

  async #read(): Promise<BlobOrigins | undefined> {
    if (!existsSync(this.#file)) return undefined;
    const [{ openDatabase }, { BlobOrigins, ORIGIN_SCHEMA }] = await Promise.all([
      import('../util/database.ts'),
      import('../worker/blob-origins.ts'),
    ]);
    try {
      this.#db = openDatabase(this.#file, ORIGIN_SCHEMA);
    } catch (error) {
      debug('origins', () => `${this.#file} is not read: ${messageOf(error)}`);
      return undefined;
    }
    return new BlobOrigins(this.#db);
  }
}
