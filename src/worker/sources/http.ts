import { createHash } from 'node:crypto';
import {
  chmodSync,
  createWriteStream,
  existsSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Digest, digestOf, isDigest, parseDigest } from '../../oci/digest.ts';
import { ATTRIBUTE } from '../../llb/attributes.ts';
import { isRecord } from '../../oci/shape.ts';
import type { Connections, HttpResponse } from '../../registry/connections.ts';
import { redactUrl } from '../../registry/redact.ts';
import { PolyarchError, hasCode } from '../../util/error.ts';
import { lock } from '../../util/lock.ts';
import { fileFailure } from '../files/failure.ts';
import { httpGet, unreachable } from './http-exchange.ts';
import { downloadName } from './http-name.ts';

/** A file on the web, LLB's http source. */
export interface HttpSource {
  readonly url: string;
  readonly checksum?: Digest;
  readonly filename?: string;
  /** Permission bits; default 0600. */
  readonly mode?: number;
}

export interface HttpOptions {
  /** The folder for downloads, kept between builds. */
  readonly folder: string;
  readonly connections: Connections;
  /** The whole Authorization value, when the server is to be sent one. */
  readonly authorization?: string;
  readonly onProgress?: (progress: { readonly current: number; readonly total?: number }) => void;
  readonly signal?: AbortSignal;
}

/** A file that was fetched, or had been before. */
export interface HttpFile {
  /** Holds the file and nothing else. */
  readonly folder: string;
  readonly name: string;
  /** sha256 of its bytes. */
  readonly digest: Digest;
  /** Of everything that copies of it can see: name, mode, time and bytes. */
  readonly key: Digest;
  /** The server's time of it, in seconds. */
  readonly modified?: number;
}

/** The source that the graph has for an address. */
export function httpSource(url: string, attributes: Readonly<Record<string, string>>): HttpSource {
  const checksum = attributes[ATTRIBUTE.httpChecksum];
  const filename = attributes[ATTRIBUTE.httpFilename];
  const mode = attributes[ATTRIBUTE.httpMode];
  return {
    url,
    ...(checksum === undefined ? {} : { checksum: parseDigest(checksum) }),
    ...(filename === undefined ? {} : { filename }),
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
  };
}

/** What is kept beside a download. */
interface DownloadRecord {
  readonly digest: Digest;
  readonly name: string;
  readonly etag?: string;
  readonly lastModified?: string;
}

/**
 * Fetches a file, or takes the stored copy when the server says that it is still the same, or when its
 * checksum is known and the copy has it (then nothing is asked).
 *
 * @throws PolyarchError HTTP_UNREACHABLE, HTTP_STATUS, HTTP_REDIRECT, HTTP_TRUNCATED, DIGEST_MISMATCH, NO_SPACE
 */
export async function fetchHttp(source: HttpSource, options: HttpOptions): Promise<HttpFile> {
  if (!URL.canParse(source.url)) throw new PolyarchError('HTTP_ADDRESS', `${JSON.stringify(source.url)} is no address`);
  const id = digestOf(JSON.stringify([source.url, source.filename, source.mode, options.authorization])).slice(
    'sha256:'.length,
  );
  const folder = join(options.folder, id);
  using _held = await lock(`${folder}.lock`, { signal: options.signal });
  const stored = readRecord(folder);
  if (stored !== undefined && source.checksum !== undefined && stored.digest === source.checksum)
    return httpFile(folder, stored, source);
  const answer = await httpGet(source.url, {
    connections: options.connections,
    headers: {
      'user-agent': 'polyarch',
      ...(options.authorization === undefined ? {} : { authorization: options.authorization }),
      ...(stored?.etag === undefined ? {} : { 'if-none-match': stored.etag }),
      ...(stored?.etag !== undefined || stored?.lastModified === undefined
        ? {}
        : { 'if-modified-since': stored.lastModified }),
    },
    signal: options.signal,
  });
  if (answer.status !== 304)
    return httpFile(folder, await download(answer, { source, folder, stored, options }), source);
  answer.body.resume();
  if (stored === undefined)
    throw new PolyarchError('HTTP_STATUS', `${redactUrl(source.url)}: the server answers 304 to a plain request`);
  checkDigest(source, stored.digest);
  return httpFile(folder, stored, source);
}

async function download(
  answer: HttpResponse,
  job: { source: HttpSource; folder: string; stored: DownloadRecord | undefined; options: HttpOptions },
): Promise<DownloadRecord> {
  const { source, folder, stored, options } = job;
  const name = downloadName(source.url, {
    ...(source.filename === undefined ? {} : { filename: source.filename }),
    disposition: answer.headers['content-disposition'],
  });
  mkdirSync(options.folder, { recursive: true });
  const work = mkdtempSync(`${folder}.new-`);
  try {
    mkdirSync(join(work, 'file'));
    const file = join(work, 'file', name);
    const digests = await receive(answer, { file, source, options });
    checkDigest(source, source.checksum?.startsWith('sha512:') === true ? digests.sha512 : digests.sha256);
    const { etag, 'last-modified': lastModified } = answer.headers;
    const record: DownloadRecord = {
      digest: digests.sha256,
      name,
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
    };
    chmodSync(file, source.mode ?? 0o600);
    lutimesSync(file, modifiedAt(record), modifiedAt(record));
    writeFileSync(join(work, 'record.json'), JSON.stringify(record));
    // The same file again stays where it is: another build may be reading it.
    if (stored !== undefined && httpFile(folder, stored, source).key === httpFile(folder, record, source).key) {
      renameSync(join(work, 'record.json'), join(folder, 'record.json'));
      rmSync(work, { recursive: true, force: true });
      return record;
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    return record;
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
}

async function receive(
  answer: HttpResponse,
  job: { file: string; source: HttpSource; options: HttpOptions },
): Promise<{ sha256: `sha256:${string}`; sha512: Digest }> {
  const { file, source, options } = job;
  const sha256 = createHash('sha256');
  const sha512 = source.checksum?.startsWith('sha512:') === true ? createHash('sha512') : undefined;
  const length = answer.headers['content-length'];
  const total = length === undefined ? undefined : Number(length);
  let current = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sha256.update(chunk);
      sha512?.update(chunk);
      current += chunk.length;
      options.onProgress?.({ current, ...(total === undefined ? {} : { total }) });
      done(null, chunk);
    },
  });
  try {
    await pipeline(answer.body, count, createWriteStream(file, { mode: 0o600, flags: 'wx' }), {
      signal: options.signal,
    });
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    if (hasCode(error, 'ENOSPC', 'EDQUOT', 'EACCES', 'EROFS'))
      throw fileFailure(error, `downloading ${redactUrl(source.url)}`);
    if (hasCode(error, 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE')) throw truncated(source, current, total);
    throw unreachable(source.url, error);
  }
  if (total !== undefined && current !== total) throw truncated(source, current, total);
  return { sha256: `sha256:${sha256.digest('hex')}`, sha512: `sha512:${sha512?.digest('hex') ?? ''}` };
}

function truncated(source: HttpSource, current: number, total: number | undefined): PolyarchError {
  return new PolyarchError(
    'HTTP_TRUNCATED',
    `${redactUrl(source.url)}: the connection ended after ${current} bytes${total === undefined ? '' : ` of ${total}`}`,
  );
}

function checkDigest(source: HttpSource, actual: Digest): void {
  if (source.checksum === undefined || source.checksum === actual) return;
  throw new PolyarchError(
    'DIGEST_MISMATCH',
    `${redactUrl(source.url)} has the checksum ${actual}, not ${source.checksum}`,
    {
      hint: "the file at that address changed, or the checksum is another file's",
      details: { word: [source.checksum, '--checksum'] },
    },
  );
}

function httpFile(folder: string, record: DownloadRecord, source: HttpSource): HttpFile {
  const { name, digest } = record;
  const key = digestOf(JSON.stringify(['http', name, source.mode ?? 0o600, modifiedAt(record).getTime(), digest]));
  const modified = Math.floor(Date.parse(record.lastModified ?? '') / 1000);
  return { folder: join(folder, 'file'), name, digest, key, ...(Number.isNaN(modified) ? {} : { modified }) };
}

/** The server's time of the file, else 1970. */
function modifiedAt(record: DownloadRecord): Date {
  const time = Date.parse(record.lastModified ?? '');
  return new Date(Number.isNaN(time) ? 0 : time);
}

function readRecord(folder: string): DownloadRecord | undefined {
  try {
    const record = asRecord(JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8')));
    return record !== undefined && existsSync(join(folder, 'file', record.name)) ? record : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function asRecord(value: unknown): DownloadRecord | undefined {
  if (!isRecord(value)) return undefined;
  const { digest, name, etag, lastModified } = value;
  if (typeof digest !== 'string' || !isDigest(digest) || typeof name !== 'string') return undefined;
  return {
    digest,
    name,
    ...(typeof etag === 'string' ? { etag } : {}),
    ...(typeof lastModified === 'string' ? { lastModified } : {}),
  };
}
