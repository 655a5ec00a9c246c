import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { decompress } from '../archive/decompress.ts';
import { type TarMember, readTar } from '../archive/reader.ts';
import { PolyarchError, hasCode } from '../util/error.ts';

/** A signature or a control member is far smaller, unpacked. */
const MAX_MEMBER = 16 * 1024 * 1024;

/** A gzip member (RFC 1952) at the beginning of some bytes. */
export interface GzipMember {
  readonly content: Buffer;
  /** Where the next one begins. */
  readonly end: number;
}

/**
 * The first gzip member of a file of Alpine's; `name` is for messages.
 *
 * @throws PolyarchError ARCHIVE_INVALID
 */
export function firstMember(bytes: Buffer, name: string): GzipMember {
  const start = headerSize(bytes);
  if (start === undefined) throw invalid(name);
  try {
    // With `info` Node gives this, which its types leave out.
    const { buffer, engine } = inflateRawSync(bytes.subarray(start), {
      info: true,
      maxOutputLength: MAX_MEMBER,
    }) as unknown as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
    return { content: buffer, end: start + engine.bytesWritten + 8 };
  } catch (error) {
    if (error instanceof Error && hasCode(error, 'Z_DATA_ERROR', 'Z_BUF_ERROR', 'ERR_BUFFER_TOO_LARGE'))
      throw invalid(name);
    throw error;
  }
}

/** The size of a gzip member's header; undefined where it is none. */
function headerSize(bytes: Buffer): number | undefined {
  if (bytes.length < 18 || bytes.readUInt16BE(0) !== 0x1f8b || bytes[2] !== 8) return undefined;
  const flags = bytes[3] ?? 0;
  let at = 10;
  if ((flags & 4) !== 0) at += 2 + bytes.readUInt16LE(at);
  for (const flag of [8, 16]) if ((flags & flag) !== 0) at = bytes.indexOf(0, at) + 1;
  if ((flags & 2) !== 0) at += 2;
  return at < bytes.length ? at : undefined;
}

/** Where the data member of an .apk (version 2: signature, control, data) begins, and the digests of the other parts. */
interface ApkParts {
  /** sha1 of the control member as it is packed, hex: what an index names a package by. */
  readonly control: string;
  /** sha256 of the data member as it is packed, hex, as the control member has it. */
  readonly datahash: string | undefined;
  readonly data: number;
}

async function readParts(bytes: Buffer, name: string): Promise<ApkParts> {
  const signature = firstMember(bytes, name);
  const rest = bytes.subarray(signature.end);
  const control = firstMember(rest, name);
  let info = '';
  for await (const { entry, body } of readTar([control.content])) {
    if (entry.path !== '.PKGINFO') continue;
    for await (const part of body) info += part.toString('latin1');
  }
  return {
    control: createHash('sha1').update(rest.subarray(0, control.end)).digest('hex'),
    datahash: /^datahash = ([0-9a-f]{64})$/m.exec(info)?.[1],
    data: signature.end + control.end,
  };
}

/**
 * Whether a file is the .apk whose control member has this sha1 (hex), with the data that its control member names. The
 * signature in it does not count: the index that names the sha1 is signed.
 */
export async function isApk(file: string, control: string): Promise<boolean> {
  const bytes = readFileSync(file);
  const parts = await readParts(bytes, file).catch((error: unknown) => {
    if (error instanceof PolyarchError) return undefined;
    throw error;
  });
  if (parts?.datahash === undefined || parts.control !== control) return false;
  return createHash('sha256').update(bytes.subarray(parts.data)).digest('hex') === parts.datahash;
}

/** The members of the data of an .apk, and of nothing before it: what is signed. */
export async function* readApkData(file: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<TarMember> {
  const { data } = await readParts(readFileSync(file), file);
  const packed = createReadStream(file, { start: data, highWaterMark: 1024 * 1024 });
  yield* readTar(decompress(packed, { name: file, ...options }), options);
}

function invalid(file: string): PolyarchError {
  return new PolyarchError('ARCHIVE_INVALID', `${file} is no package or index of Alpine's`);
}
