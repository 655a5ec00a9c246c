import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { PolyarchError } from '../util/error.ts';

/** The body of an answer with status 200; fails with HTTP_STATUS, HTTP_UNREACHABLE. */
export type HttpGet = (url: string, options: { readonly signal?: AbortSignal }) => Promise<AsyncIterable<Uint8Array>>;

export interface Download {
  readonly url: string;
  readonly sha256: string;
  readonly size: number;
}

const IN_RELEASE_BYTES = 4 * 1024 * 1024;

/** A whole small file, unchecked. */
export async function fetchSmall(url: string, options: { get: HttpGet; signal?: AbortSignal }): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of await options.get(url, options)) {
    size += part.length;
    if (size > IN_RELEASE_BYTES) throw new PolyarchError('ACCEL_UNTRUSTED', `${url} is larger than such a file can be`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** A file of which the digest is known, fetched once; the place where it lies. Fails with DIGEST_MISMATCH. */
export async function fetchKnown(
  { url, sha256, size }: Download,
  options: { readonly folder: string; readonly get: HttpGet; readonly signal?: AbortSignal },
): Promise<string> {
  const file = join(options.folder, sha256);
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
      if (written !== size || hash.digest('hex') !== sha256) {
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
