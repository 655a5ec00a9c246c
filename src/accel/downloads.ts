import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { PolyarchError } from '../util/error.ts';
import { isApk } from './apk-package.ts';
import type { ArchivePackage } from './package-index.ts';

/** The body of an answer with status 200; fails with HTTP_STATUS, HTTP_UNREACHABLE. */
export type HttpGet = (url: string, options: { readonly signal?: AbortSignal }) => Promise<AsyncIterable<Uint8Array>>;

export interface Download {
  readonly url: string;
  readonly sha256: string;
  readonly size: number;
}

const IN_RELEASE_BYTES = 4 * 1024 * 1024;

/** A whole small file, unchecked; `limit` in bytes, default 4 MiB. */
export async function fetchSmall(
  url: string,
  options: { readonly get: HttpGet; readonly limit?: number; readonly signal?: AbortSignal },
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of await options.get(url, options)) {
    size += part.length;
    if (size > (options.limit ?? IN_RELEASE_BYTES))
      throw new PolyarchError('ACCEL_UNTRUSTED', `${url} is larger than such a file can be`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

export interface FetchOptions {
  /** Where downloads are kept. */
  readonly folder: string;
  readonly get: HttpGet;
  readonly signal?: AbortSignal;
}

/** A file of which the digest is known, fetched once; the place where it lies. Fails with DIGEST_MISMATCH. */
export function fetchKnown({ url, sha256, size }: Download, options: FetchOptions): Promise<string> {
  return fetchOnce({ url, size, name: sha256, check: (_, digest) => digest === sha256 }, options);
}

/** A package of an archive, fetched once; as fetchKnown. */
export function fetchPackage(
  { archive, filename, digest, size }: ArchivePackage,
  options: FetchOptions,
): Promise<string> {
  const url = `${archive}${filename}`;
  const [kind = '', value = ''] = digest.split(':');
  if (kind === 'sha256') return fetchKnown({ url, sha256: value, size }, options);
  return fetchOnce({ url, size, name: `${kind}-${value}`, check: (file) => isApk(file, value) }, options);
}

/** A file of at most `limit` bytes of which nothing is known before, fetched once: who reads it checks it, each time. */
export function fetchUnchecked(
  { url, name, limit }: { readonly url: string; readonly name: string; readonly limit: number },
  options: FetchOptions,
): Promise<string> {
  return fetchOnce({ url, name, size: limit, check: undefined }, options);
}

async function fetchOnce(
  {
    url,
    size,
    name,
    check,
  }: {
    readonly url: string;
    /** Without a check, the most that it may have. */
    readonly size: number;
    /** In the folder of downloads. */
    readonly name: string;
    /** Whether the file is the one, of which the sha256 is at hand. */
    readonly check: ((file: string, sha256: string) => boolean | Promise<boolean>) | undefined;
  },
  options: FetchOptions,
): Promise<string> {
  const file = join(options.folder, name);
  if (existsSync(file)) {
    const now = new Date();
    utimesSync(file, now, now);
    return file;
  }
  mkdirSync(options.folder, { recursive: true });
  const part = `${file}.${randomUUID()}.part`;
  const hash = createHash('sha256');
  try {
    const handle = await open(part, 'wx', 0o644);
    try {
      let written = 0;
      for await (const bytes of await options.get(url, options)) {
        written += bytes.length;
        if (written > size) break;
        hash.update(bytes);
        await handle.write(bytes);
      }
      if (check === undefined && written > size)
        throw new PolyarchError('ACCEL_UNTRUSTED', `${url} is larger than such a file can be`);
      if (check !== undefined && (written !== size || !(await check(part, hash.digest('hex'))))) {
        throw new PolyarchError('DIGEST_MISMATCH', `${url} is not the file that its archive's signed index names`);
      }
    } finally {
      await handle.close();
    }
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
  return file;
}

/** The bytes of a file. */
export function fileBytes(file: string): AsyncIterable<Uint8Array> {
  return createReadStream(file, { highWaterMark: 1024 * 1024 });
}
