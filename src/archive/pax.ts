import { encodeText } from './text.ts';
import { invalid } from './header.ts';

/** PAX extended header records (POSIX.1-2001, pax, "Extended Header"): values are bytes. */
export type PaxRecords = Map<string, Buffer>;

/** Parses `length key=value\n` records. `offset` is their place in the archive. */
export function parsePax(bytes: Buffer, offset: number): PaxRecords {
  const records: PaxRecords = new Map();
  // GNU sparse 0.0 repeats these two keys, once for each extent: they are joined by commas, as 0.1 has them.
  const repeated: Record<'GNU.sparse.offset' | 'GNU.sparse.numbytes', Buffer[]> = {
    'GNU.sparse.offset': [],
    'GNU.sparse.numbytes': [],
  };
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const digits = space === -1 ? '' : bytes.toString('latin1', at, Math.min(space, at + 12));
    const length = /^[1-9]\d*$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length < 5 || end > bytes.length || bytes[end - 1] !== 0x0a)
      throw invalid('a PAX record is malformed', offset + at);
    const equals = bytes.indexOf(0x3d, space);
    if (equals === -1 || equals >= end || equals === space + 1) throw invalid('a PAX record has no key', offset + at);
    const key = bytes.toString('utf8', space + 1, equals);
    const value = Buffer.from(bytes.subarray(equals + 1, end - 1));
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') repeated[key].push(value);
    else records.set(key, value);
    at = end;
  }
  for (const [key, values] of Object.entries(repeated)) {
    if (values.length > 0) records.set(key, Buffer.from(values.join(',')));
  }
  return records;
}

/** The records' bytes, in the map's order. */
export function formatPax(records: ReadonlyMap<string, string | Buffer>): Buffer {
  const parts: Buffer[] = [];
  for (const [key, value] of records) {
    const bytes = typeof value === 'string' ? encodeText(value) : value;
    const rest = Buffer.byteLength(key) + bytes.length + 3; // the space, '=' and '\n'
    let length = rest + String(rest).length;
    if (String(length).length !== String(rest).length) length = rest + String(length).length;
    parts.push(Buffer.from(`${length} ${key}=`), bytes, Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}

/** A decimal number of a record, possibly negative or with a fraction: whole part rounded down, and nanoseconds. */
export function parsePaxTime(value: Buffer, offset: number): { seconds: number; nanoseconds: number } {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value.toString('latin1'));
  if (match === null) throw invalid('a PAX time is malformed', offset);
  const whole = Number(match[2]);
  const fraction = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] !== '-') return { seconds: whole, nanoseconds: fraction };
  return fraction === 0 ? { seconds: -whole, nanoseconds: 0 } : { seconds: -whole - 1, nanoseconds: 1e9 - fraction };
}

/** A whole number of a record. */
export function parsePaxInteger(value: Buffer, offset: number): number {
  const text = value.toString('latin1');
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) throw invalid('a PAX number is malformed', offset);
  return number;
}
