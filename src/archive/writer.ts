import { tarEntry } from './entry.ts';
import type { TarEntry, TarEntryInit, TarEntryType } from './entry.ts';
import { BLOCK } from './header.ts';
import { formatPax } from './pax.ts';
import { encodeText } from './text.ts';
import { TarChunks } from './chunks.ts';

const TYPEFLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** The largest numbers of 7 and 11 octal digits. */
const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;

/** Two zero blocks. */
export const END_OF_ARCHIVE: Buffer = Buffer.alloc(2 * BLOCK);

/**
 * The header blocks of one member: one ustar block, before it PAX records only for what ustar cannot say
 * (long or non-ASCII names, large numbers, xattrs). The same entry always gives the same bytes. Times are
 * written in whole seconds, as in image layers. Folder names get their closing slash. Sparse files are
 * written with their holes.
 */
export function encodeEntry(init: TarEntryInit): Buffer {
  const entry = tarEntry(init);
  const path = entry.type === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path;
  const records = new Map<string, string | Buffer>();
  const name = encodeText(path);
  const split = splitName(name);
  if (split === undefined || !isAscii(name)) records.set('path', name);
  const link = encodeText(entry.linkname);
  if (link.length > 100 || !isAscii(link)) records.set('linkpath', link);
  if (entry.size > MAX_OCTAL_11) records.set('size', String(entry.size));
  if (entry.uid > MAX_OCTAL_7) records.set('uid', String(entry.uid));
  if (entry.gid > MAX_OCTAL_7) records.set('gid', String(entry.gid));
  if (entry.mtime < 0 || entry.mtime > MAX_OCTAL_11) records.set('mtime', String(entry.mtime));
  for (const key of [...entry.xattrs.keys()].toSorted())
    records.set(`SCHILY.xattr.${key}`, entry.xattrs.get(key) ?? '');
  for (const key of ['uname', 'gname'] as const) {
    if (entry[key] === '') continue;
    const value = encodeText(entry[key]);
    if (value.length > 32 || !isAscii(value)) records.set(key, value);
  }

  const block = headerBlock(entry, {
    name: split?.name ?? name.subarray(0, 100),
    prefix: split?.prefix,
    link,
    typeflag: TYPEFLAGS[entry.type],
  });
  if (records.size === 0) return block;
  const body = formatPax(records);
  const paxName = Buffer.concat([Buffer.from('PaxHeaders.0/'), lastPart(name).subarray(0, 80)]);
  const meta = tarEntry({ path: '', type: 'file', size: body.length });
  const head = headerBlock(meta, { name: paxName, prefix: undefined, link: Buffer.alloc(0), typeflag: 'x' });
  return Buffer.concat([head, body, padding(body.length), block]);
}

/** The zeros that follow `size` bytes of data up to the next block. */
export function padding(size: number): Buffer {
  return END_OF_ARCHIVE.subarray(0, -size & (BLOCK - 1));
}

/** A member to write: a file's body must have exactly `entry.size` bytes. */
export interface TarInput {
  readonly entry: TarEntryInit;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** An uncompressed tar of the members, in their order, in chunks of 1 MiB. */
export async function* writeTar(
  inputs: Iterable<TarInput> | AsyncIterable<TarInput>,
  options: { signal?: AbortSignal } = {},
): AsyncGenerator<Buffer> {
  const chunks = new TarChunks();
  for await (const { entry, body } of inputs) {
    options.signal?.throwIfAborted();
    chunks.write(encodeEntry(entry));
    let written = 0;
    for await (const part of body instanceof Uint8Array ? [body] : (body ?? [])) {
      chunks.write(part);
      written += part.length;
      yield* chunks.full();
    }
    if (written !== (entry.size ?? 0))
      throw new Error(`${entry.path}: ${written} bytes where the entry says ${entry.size ?? 0}`);
    chunks.write(padding(written));
    yield* chunks.full();
  }
  chunks.write(END_OF_ARCHIVE);
  yield* chunks.rest();
}

function headerBlock(
  entry: TarEntry,
  fields: { name: Buffer; prefix: Buffer | undefined; link: Buffer; typeflag: string },
): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.set(fields.name, 0);
  block.set(fields.link.subarray(0, 100), 157);
  writeOctal(block, { at: 100, digits: 7, value: entry.mode });
  writeOctal(block, { at: 108, digits: 7, value: entry.uid > MAX_OCTAL_7 ? 0 : entry.uid });
  writeOctal(block, { at: 116, digits: 7, value: entry.gid > MAX_OCTAL_7 ? 0 : entry.gid });
  writeOctal(block, { at: 124, digits: 11, value: entry.size > MAX_OCTAL_11 ? 0 : entry.size });
  writeOctal(block, { at: 136, digits: 11, value: entry.mtime < 0 || entry.mtime > MAX_OCTAL_11 ? 0 : entry.mtime });
  block.write(fields.typeflag, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  if (entry.uname !== '') block.set(encodeText(entry.uname).subarray(0, 31), 265);
  if (entry.gname !== '') block.set(encodeText(entry.gname).subarray(0, 31), 297);
  writeOctal(block, { at: 329, digits: 7, value: entry.devMajor });
  writeOctal(block, { at: 337, digits: 7, value: entry.devMinor });
  if (fields.prefix !== undefined) block.set(fields.prefix, 345);
  let sum = 8 * 0x20;
  // By index: an iterator over 512 bytes takes longer than all else here.
  for (let i = 0; i < BLOCK; i++) sum += block[i] ?? 0;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function writeOctal(block: Buffer, field: { at: number; digits: number; value: number }): void {
  block.write(field.value.toString(8).padStart(field.digits, '0'), field.at, field.digits, 'latin1');
}

/** A ustar name of at most 100 bytes with a prefix of at most 155, cut at a slash; undefined when it does not fit. */
function splitName(name: Buffer): { name: Buffer; prefix: Buffer | undefined } | undefined {
  if (name.length <= 100) return { name, prefix: undefined };
  if (name.length > 256) return undefined;
  const slash = name.subarray(0, 156).lastIndexOf(0x2f, name.length - 2);
  if (slash <= 0 || name.length - slash - 1 > 100) return undefined;
  return { name: name.subarray(slash + 1), prefix: name.subarray(0, slash) };
}

function lastPart(name: Buffer): Buffer {
  const end = name.at(-1) === 0x2f ? name.length - 1 : name.length;
  return name.subarray(name.subarray(0, end).lastIndexOf(0x2f) + 1, end);
}

function isAscii(bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] ?? 0) > 126) return false;
  return true;
}
