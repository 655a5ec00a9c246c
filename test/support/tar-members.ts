/** One member of a tar, as it stands there. Times are seconds since the epoch, with their fraction where PAX has one. */
export interface TarMember {
  readonly name: string;
  /** The type letter: `0` file, `1` hard link, `2` symbolic link, `3` character device, `4` block device, `5` folder, `6` fifo. */
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly link: string;
  /** `major:minor` of devices, else `0:0`. */
  readonly device: string;
  /** Extended attributes in hex. */
  readonly xattrs: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Reads ustar, PAX and GNU long names, without any of the project's own code. */
export function* tarMembers(bytes: Buffer): Generator<TarMember> {
  let pax: ReadonlyMap<string, Buffer> = new Map();
  const long = { L: '', K: '' };
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0;) {
    const block = bytes.subarray(at, at + 512);
    const text = (key: string, otherwise: string): string => pax.get(key)?.toString() ?? otherwise;
    const size = Number(text('size', String(numberField(block, 124, 12))));
    const type = String.fromCharCode(block[156] ?? 0);
    const body = bytes.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
    if (type === 'x') pax = paxRecords(body);
    else if (type === 'L' || type === 'K') long[type] = textField(body, 0, size);
    else if (type !== 'g') {
      const prefix = textField(block, 345, 155);
      const name = textField(block, 0, 100);
      yield {
        name: text('path', long.L || (prefix === '' ? name : `${prefix}/${name}`)),
        type: type === '\0' ? '0' : type,
        mode: numberField(block, 100, 8) & 0o7777,
        uid: Number(text('uid', String(numberField(block, 108, 8)))),
        gid: Number(text('gid', String(numberField(block, 116, 8)))),
        mtime: Number(text('mtime', String(numberField(block, 136, 12)))),
        link: text('linkpath', long.K || textField(block, 157, 100)),
        device: `${numberField(block, 329, 8)}:${numberField(block, 337, 8)}`,
        xattrs: Object.fromEntries(
          [...pax]
            .filter(([key]) => key.startsWith('SCHILY.xattr.'))
            .map(([key, value]) => [key.slice('SCHILY.xattr.'.length), value.toString('hex')]),
        ),
        body,
      };
      pax = new Map();
      long.L = long.K = '';
    }
  }
}

function textField(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** Octal text, or base 256 where the first bit is set. */
function numberField(bytes: Buffer, at: number, length: number): number {
  if (((bytes[at] ?? 0) & 0x80) === 0) return Number.parseInt(textField(bytes, at, length).trim() || '0', 8);
  return bytes.subarray(at + 1, at + length).reduce((sum, byte) => sum * 256 + byte, 0);
}

/** `LENGTH KEY=VALUE\n`, where a value may hold any byte. */
function paxRecords(body: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (let at = 0; at < body.length;) {
    const length = Number.parseInt(body.toString('latin1', at, at + 20), 10);
    const record = body.subarray(body.indexOf(' ', at) + 1, at + length - 1);
    const equals = record.indexOf('=');
    found.set(record.toString('utf8', 0, equals), record.subarray(equals + 1));
    at += length;
  }
  return found;
}
