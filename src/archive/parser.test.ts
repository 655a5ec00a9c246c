import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tarEntry } from './entry.ts';
import type { TarEntryInit } from './entry.ts';
import { TarParser } from './parser.ts';
import { formatPax } from './pax.ts';
import { readTar } from './reader.ts';
import { encodeEntry, END_OF_ARCHIVE, padding, writeTar } from './writer.ts';
import type { TarInput } from './writer.ts';

async function pack(inputs: readonly TarInput[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of writeTar(inputs)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function unpack(chunks: Iterable<Uint8Array>) {
  const members = [];
  for await (const { entry, body } of readTar(chunks)) {
    const parts: Buffer[] = [];
    for await (const part of body) parts.push(Buffer.from(part));
    members.push({ entry, data: Buffer.concat(parts).toString('latin1') });
  }
  return members;
}

function file(path: string, text: string, more: Partial<TarEntryInit> = {}): TarInput {
  return { entry: { path, type: 'file', size: Buffer.byteLength(text), ...more }, body: Buffer.from(text) };
}

/** A header with some of its bytes changed and a right checksum. */
function patched(entry: TarEntryInit, changes: Readonly<Record<number, string | Buffer>>): Buffer {
  const block = encodeEntry(entry);
  for (const [at, value] of Object.entries(changes)) block.set(Buffer.from(value), Number(at));
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** A member that carries metadata for the next one. */
function meta(typeflag: string, body: Buffer): Buffer {
  return Buffer.concat([
    patched({ path: 'meta', type: 'file', size: body.length }, { 156: typeflag }),
    body,
    padding(body.length),
  ]);
}

const longName = `${'very-long-name/'.repeat(30)}end`;

describe('the writer and the reader', () => {
  const cases: readonly (readonly [string, TarInput])[] = [
    ['a file', file('a', 'hello', { mode: 0o4755, uid: 1, gid: 2, mtime: 1_700_000_000 })],
    ['an empty file', file('a', '')],
    ['a file of a whole block', file('a', 'x'.repeat(512))],
    ['a folder', { entry: { path: 'etc/', type: 'directory', mode: 0o1777 } }],
    ['a symlink', { entry: { path: 'a', type: 'symlink', linkname: '../b' } }],
    ['a hardlink', { entry: { path: 'a', type: 'hardlink', linkname: 'b' } }],
    ['a device', { entry: { path: 'dev/x', type: 'char', devMajor: 254, devMinor: 1_048_575 } }],
    ['a FIFO', { entry: { path: 'p', type: 'fifo' } }],
    ['a name of 100 bytes', file('n'.repeat(100), 'x')],
    ['a name that needs the prefix', file(`${'p'.repeat(150)}/${'n'.repeat(100)}`, 'x')],
    ['a name that needs PAX', file(longName, 'x')],
    ['a long folder name', { entry: { path: `${longName}/`, type: 'directory' } }],
    ['a long link', { entry: { path: 'a', type: 'symlink', linkname: longName } }],
    ['a name that is not ASCII', file('é/😀', 'x')],
    ['a name that is not UTF-8', file('caf\uDCE9', 'x')],
    ['large ids', file('a', 'x', { uid: 4_000_000_000, gid: 2_097_152 })],
    ['a time before 1970', file('a', 'x', { mtime: -5 })],
    ['a far time', file('a', 'x', { mtime: 2 ** 40 })],
    ['owner names', file('a', 'x', { uname: 'root', gname: 'gruppe-ä' })],
    [
      'xattrs',
      file('a', 'x', {
        xattrs: new Map([
          ['security.capability', Buffer.from([1, 0, 10])],
          ['user.a', Buffer.from('b')],
        ]),
      }),
    ],
  ];
  it.each(cases)('agree on %s', async (_, input) => {
    const [member] = await unpack([await pack([input])]);
    expect(member?.entry).toEqual(tarEntry(input.entry));
    expect(member?.data).toBe(input.body === undefined ? '' : Buffer.from(input.body as Buffer).toString('latin1')); // all bodies here are buffers
  });

  it('write the same bytes whatever the order of xattrs', async () => {
    const [one, two] = [
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
      [
        ['c', 'd'],
        ['a', 'b'],
      ],
    ].map((list) => new Map(list.map(([key = '', value = '']) => [key, Buffer.from(value)])));
    expect(encodeEntry({ path: 'x', type: 'file', xattrs: one ?? new Map() })).toEqual(
      encodeEntry({ path: 'x', type: 'file', xattrs: two ?? new Map() }),
    );
  });

  it('read the same from chunks of any size', async () => {
    const whole = await pack([...cases.map(([, input]) => input), file('big', 'z'.repeat(5000))]);
    const expected = await unpack([whole]);
    for (const size of [1, 7, 511, 512, 513, 4096]) {
      const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) =>
        whole.subarray(index * size, (index + 1) * size),
      );
      expect(await unpack(chunks)).toEqual(expected);
    }
  });

  it('pass over bodies that nobody reads', async () => {
    const names = [];
    for await (const { entry } of readTar([await pack([file('a', 'x'.repeat(3000)), file('b', 'y')])]))
      names.push(entry.path);
    expect(names).toEqual(['a', 'b']);
  });

  it('refuse a body of another size', async () => {
    await expect(pack([{ entry: { path: 'a', type: 'file', size: 3 }, body: Buffer.from('four') }])).rejects.toThrow(
      '4 bytes',
    );
  });
});

describe('the reader', () => {
  const plain = encodeEntry({ path: 'short', type: 'file', linkname: '' });

  it.each([
    ['GNU long names', Buffer.concat([meta('L', Buffer.from(`${longName}\0`)), plain]), { path: longName }],
    [
      'GNU long links',
      Buffer.concat([
        meta('K', Buffer.from(`${longName}\0`)),
        encodeEntry({ path: 'a', type: 'symlink', linkname: 'b' }),
      ]),
      { linkname: longName },
    ],
    [
      'PAX over GNU names',
      Buffer.concat([meta('L', Buffer.from('gnu\0')), meta('x', formatPax(new Map([['path', 'pax']]))), plain]),
      { path: 'pax' },
    ],
    ['global PAX headers', Buffer.concat([meta('g', formatPax(new Map([['uid', '7']]))), plain]), { uid: 7 }],
    [
      'local PAX records before global ones',
      Buffer.concat([
        meta('g', formatPax(new Map([['uid', '7']]))),
        meta('x', formatPax(new Map([['uid', '8']]))),
        plain,
      ]),
      { uid: 8 },
    ],
    [
      'global values taken back by an empty local one',
      Buffer.concat([
        meta('g', formatPax(new Map([['uid', '7']]))),
        meta('x', formatPax(new Map([['uid', '']]))),
        plain,
      ]),
      { uid: 0 },
    ],
    [
      'fractions of seconds',
      Buffer.concat([meta('x', formatPax(new Map([['mtime', '12.5']]))), plain]),
      { mtime: 12, mtimeNs: 500_000_000 },
    ],
    [
      'base-256 numbers',
      patched({ path: 'a', type: 'file' }, { 108: Buffer.from([0x80, 0, 0, 0, 0xee, 0x6b, 0x28, 0]) }),
      { uid: 4_000_000_000 },
    ],
    [
      'negative base-256 times',
      patched({ path: 'a', type: 'file' }, { 136: Buffer.from([...Array(11).fill(0xff), 0xfe]) }),
      { mtime: -2 },
    ],
    ['numbers padded with spaces', patched({ path: 'a', type: 'file' }, { 108: '    17 \0' }), { uid: 15 }],
    ['files of type NUL', patched({ path: 'a', type: 'file' }, { 156: '\0' }), { type: 'file' }],
    [
      'old folders that are files with a slash',
      patched({ path: 'a/', type: 'file' }, { 156: '\0' }),
      { type: 'directory' },
    ],
    ['a missing end of the archive', plain, { path: 'short' }],
    [
      'volume labels, passed over',
      Buffer.concat([patched({ path: 'label', type: 'file' }, { 156: 'V' }), plain]),
      { path: 'short' },
    ],
  ])('understands %s', async (_, bytes, expected) => {
    const [member] = await unpack([bytes]);
    expect(member?.entry).toMatchObject(expected);
  });

  it('takes an empty archive', async () => {
    expect(await unpack([])).toEqual([]);
    expect(await unpack([END_OF_ARCHIVE])).toEqual([]);
  });

  it('ignores what follows the end', async () => {
    expect(await unpack([plain, END_OF_ARCHIVE, Buffer.from('garbage')])).toHaveLength(1);
  });

  it.each([
    ['a wrong checksum', 'ARCHIVE_INVALID', Buffer.concat([Buffer.from('x'), plain.subarray(1)])],
    ['no archive at all', 'ARCHIVE_INVALID', Buffer.alloc(600, 'hello world ')],
    ['a lone zero block', 'ARCHIVE_INVALID', Buffer.concat([Buffer.alloc(512), plain])],
    ['a negative size', 'ARCHIVE_INVALID', patched({ path: 'a', type: 'file' }, { 124: Buffer.alloc(12, 0xff) })],
    [
      'an impossible size',
      'ARCHIVE_INVALID',
      patched({ path: 'a', type: 'file' }, { 124: Buffer.from([0x80, 1, ...Array(10).fill(0)]) }),
    ],
    ['letters in a number', 'ARCHIVE_INVALID', patched({ path: 'a', type: 'file' }, { 108: 'abcdefg\0' })],
    ['a negative owner', 'ARCHIVE_INVALID', patched({ path: 'a', type: 'file' }, { 108: Buffer.alloc(8, 0xff) })],
    ['an unknown type', 'ARCHIVE_UNSUPPORTED', patched({ path: 'a', type: 'file' }, { 156: 'M' })],
    ['a cut header', 'ARCHIVE_TRUNCATED', plain.subarray(0, 100)],
    [
      'a cut body',
      'ARCHIVE_TRUNCATED',
      Buffer.concat([encodeEntry({ path: 'a', type: 'file', size: 700 }), Buffer.alloc(512)]),
    ],
    ['names for no member', 'ARCHIVE_TRUNCATED', meta('L', Buffer.from('name\0'))],
    ['endless names', 'ARCHIVE_TOO_LARGE', patched({ path: 'a', type: 'file', size: 2 ** 30 }, { 156: 'L' })],
    ['a name beyond all bounds', 'ARCHIVE_TOO_LARGE', Buffer.concat([meta('L', Buffer.alloc(100_000, 'a')), plain])],
    ['more data than any disk', 'ARCHIVE_TOO_LARGE', encodeEntry({ path: 'a', type: 'file', size: 2 ** 50 })],
    [
      'a zero byte in a name',
      'ARCHIVE_INVALID',
      Buffer.concat([meta('x', formatPax(new Map([['path', 'a\0b']]))), plain]),
    ],
  ])('refuses %s with %s', async (_, code, bytes) => {
    await expect(unpack([bytes])).rejects.toMatchObject({ code });
  });

  it('fails with a coded error, or reads, whatever the bytes', () => {
    const sample = Buffer.concat([
      meta(
        'x',
        formatPax(
          new Map([
            ['path', 'p'],
            ['size', '5'],
          ]),
        ),
      ),
      plain,
      Buffer.alloc(512, 1),
      END_OF_ARCHIVE,
    ]);
    const property = fc.property(
      fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.boolean(),
      (changes, mend) => {
        const bytes = Buffer.from(sample);
        for (const [at, value] of changes) bytes[at] = value;
        if (mend) for (let at = 0; at < bytes.length; at += 512) fixChecksum(bytes, at);
        return /^(?:ARCHIVE_|read$)/.test(parse(bytes));
      },
    );
    expect(() => fc.assert(property, { numRuns: 500 })).not.toThrow();
  });
});

function fixChecksum(bytes: Buffer, at: number): void {
  bytes.fill(0x20, at + 148, at + 156);
  let sum = 0;
  for (const byte of bytes.subarray(at, at + 512)) sum += byte;
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
}

function extent(at: number, offset: number, length: number): Readonly<Record<number, string>> {
  return {
    [at]: `${offset.toString(8).padStart(11, '0')}\0${length.toString(8).padStart(11, '0')}\0`,
  };
}

/** How parsing ends: `read`, or an error's code. */
function parse(bytes: Buffer): string {
  const parser = new TarParser({ entry() {}, data() {}, end() {} });
  try {
    parser.write(bytes);
    parser.finish();
    return 'read';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

describe('sparse files', () => {
  const data = Buffer.concat([Buffer.from('abc'), padding(3)]);
  const expected = `${'\0'.repeat(1000)}abc${'\0'.repeat(997)}`;
  const old = patched(
    { path: 's', type: 'file', size: 3 },
    { 156: 'S', 257: 'ustar  \0', 345: Buffer.alloc(167), 483: '00000003720\0', ...extent(386, 1000, 3) },
  );
  const v01 = meta(
    'x',
    formatPax(
      new Map([
        ['GNU.sparse.size', '2000'],
        ['GNU.sparse.numblocks', '1'],
        ['GNU.sparse.name', 's'],
        ['GNU.sparse.map', '1000,3'],
      ]),
    ),
  );
  const v00 = meta(
    'x',
    formatPax(
      new Map([
        ['GNU.sparse.size', '2000'],
        ['GNU.sparse.offset', '1000'],
        ['GNU.sparse.numbytes', '3'],
      ]),
    ),
  );
  const v10 = meta(
    'x',
    formatPax(
      new Map([
        ['GNU.sparse.major', '1'],
        ['GNU.sparse.minor', '0'],
        ['GNU.sparse.name', 's'],
        ['GNU.sparse.realsize', '2000'],
      ]),
    ),
  );
  const stored = encodeEntry({ path: 's', type: 'file', size: 3 });
  const map = Buffer.alloc(512);
  map.write('1\n1000\n3\n');

  it.each([
    ['old GNU', Buffer.concat([old, data])],
    ['PAX 0.0', Buffer.concat([v00, stored, data])],
    ['PAX 0.1', Buffer.concat([v01, stored, data])],
    ['PAX 1.0', Buffer.concat([v10, encodeEntry({ path: 'GNUSparseFile.1/s', type: 'file', size: 515 }), map, data])],
  ])('of the %s format are read with their holes', async (_, bytes) => {
    const [member, next] = await unpack([bytes, encodeEntry({ path: 'next', type: 'file' })]);
    expect(member?.entry).toMatchObject({ path: 's', size: 2000, sparse: [{ offset: 1000, length: 3 }] });
    expect(member?.data).toBe(expected);
    expect(next?.entry.path).toBe('next');
  });

  it.each([
    ['overlap', '0,2,1,1'],
    ['go back', '5,1,0,2'],
    ['pass the end', '1999,3'],
    ['do not match the data', '0,1'],
    ['are odd', '0,1,5'],
    ['hold no numbers', 'a,b'],
  ])('whose parts %s are refused', async (_, list) => {
    const records = meta(
      'x',
      formatPax(
        new Map([
          ['GNU.sparse.size', '2000'],
          ['GNU.sparse.map', list],
        ]),
      ),
    );
    await expect(unpack([records, stored, data])).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
  });
});
