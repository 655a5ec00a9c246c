import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { NO_XATTRS } from './entry.ts';
import type { SparseExtent, TarEntry } from './entry.ts';
import { invalid, MEMBER_TYPES } from './header.ts';
import type { RawHeader } from './header.ts';
import { parsePaxInteger, parsePaxTime } from './pax.ts';
import type { PaxRecords } from './pax.ts';
import { sparseFromRecords } from './sparse.ts';
import { decodeText } from './text.ts';

/** What came before and with a header block. */
export interface MemberParts {
  readonly globals: PaxRecords;
  readonly locals: PaxRecords | undefined;
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
  /** Bytes of data in the archive. */
  readonly stored: number;
  readonly extents: readonly SparseExtent[] | undefined;
  /** Size of an old-format sparse file. */
  readonly realSize: number;
  readonly offset: number;
}

const XATTR = 'SCHILY.xattr.';

/** The GNU sparse version that the records name, e.g. `1.0`. */
export function sparseVersion(records: PaxRecords | undefined): string | undefined {
  const major = records?.get('GNU.sparse.major');
  const minor = records?.get('GNU.sparse.minor');
  return major === undefined || minor === undefined ? undefined : `${major.toString()}.${minor.toString()}`;
}

/** Lays GNU long names and PAX records (local ones win over global ones) over the header block. */
export function buildEntry(header: RawHeader, parts: MemberParts): TarEntry {
  const records = merge(parts.globals, parts.locals);
  const { offset } = parts;
  const text = (key: string, otherwise: string) => {
    const value = records.get(key);
    if (value === undefined || value.length === 0) return otherwise;
    if (value.includes(0)) throw invalid(`the PAX record ${key} holds a zero byte`, offset);
    return decodeText(value);
  };
  const number = (key: string, otherwise: number) => {
    const value = records.get(key);
    return value === undefined || value.length === 0 ? otherwise : parsePaxInteger(value, offset);
  };

  let type = MEMBER_TYPES[header.typeflag] ?? 'file';
  const path = text('GNU.sparse.name', text('path', parts.longName ?? header.path));
  const linkname = text('linkpath', parts.longLink ?? header.linkname);
  if (path.length > LIMITS.pathBytes || linkname.length > LIMITS.pathBytes) {
    throw new PolyarchError(
      'ARCHIVE_TOO_LARGE',
      `tar, byte ${offset}: a name is longer than ${LIMITS.pathBytes} bytes`,
    );
  }
  // Before POSIX, a folder was a file whose name ends in a slash.
  if (header.typeflag === '\0' && path.endsWith('/')) type = 'directory';

  const sparse = type === 'file' ? (parts.extents ?? sparseFromRecords(records, offset)) : undefined;
  const realSize = parts.extents !== undefined && header.typeflag === 'S' ? parts.realSize : parts.stored;
  const time = records.get('mtime');
  const { seconds, nanoseconds } =
    time === undefined || time.length === 0 ? { seconds: header.mtime, nanoseconds: 0 } : parsePaxTime(time, offset);
  const uid = number('uid', header.uid);
  const gid = number('gid', header.gid);
  if (uid < 0 || gid < 0 || uid > 0xffffffff || gid > 0xffffffff)
    throw invalid(`${path} has the impossible owner ${uid}:${gid}`, offset);

  return {
    path,
    type,
    size:
      type !== 'file'
        ? 0
        : sparse === undefined
          ? parts.stored
          : number('GNU.sparse.realsize', number('GNU.sparse.size', realSize)),
    mode: header.mode,
    uid,
    gid,
    uname: text('uname', header.uname),
    gname: text('gname', header.gname),
    mtime: seconds,
    mtimeNs: nanoseconds,
    linkname: type === 'symlink' || type === 'hardlink' ? linkname : '',
    devMajor: header.devMajor,
    devMinor: header.devMinor,
    xattrs: xattrs(records),
    ...(sparse === undefined ? {} : { sparse }),
  };
}

const NO_RECORDS: PaxRecords = new Map();

/** An empty local value takes the global one back. */
function merge(globals: PaxRecords, locals: PaxRecords | undefined): PaxRecords {
  if (globals.size === 0) return locals ?? NO_RECORDS;
  return new Map([...globals, ...(locals ?? [])]);
}

function xattrs(records: PaxRecords): ReadonlyMap<string, Buffer> {
  let found: Map<string, Buffer> | undefined;
  for (const [key, value] of records) {
    if (!key.startsWith(XATTR) || key.length === XATTR.length) continue;
    found ??= new Map();
    found.set(key.slice(XATTR.length), value);
  }
  return found ?? NO_XATTRS;
}
