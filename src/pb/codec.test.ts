import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FieldTable, type Init, codec } from './codec.ts';
import { type FileActionCopy, type Op, decode, encode } from './ops.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('encoding as Go does', () => {
  const cases: [what: string, op: Init<Op>, wire: string][] = [
    ['nothing', {}, ''],
    ['an empty nested message', { constraints: {} }, '5a00'],
    ['an empty case of a oneof', { op: { kind: 'merge', value: {} } }, '3200'],
    ['a default number in a list of messages', { inputs: [{ digest: 'a', index: 0 }] }, '0a03 0a0161'],
    ['-1 as ten bytes', { inputs: [{ index: -1 }] }, '0a0b 10ffffffffffffffffff01'],
    [
      'maps by key, with empty values',
      { op: { kind: 'source', value: { identifier: 'x', attrs: { b: '', a: '1' } } } },
      '1a 12 0a0178 12060a01611201 31 12050a01621200',
    ],
    [
      'a oneof of a number although it is zero',
      {
        op: {
          kind: 'file',
          value: {
            actions: [{ action: { kind: 'mkdir', value: { owner: { user: { user: { kind: 'byID', value: 0 } } } } } }],
          },
        },
      },
      '22 0a 12 08 32 06 22 04 0a 02 10 00',
    ],
    ['packed lists', { op: { kind: 'passthrough', value: { outputs: [0, 300] } } }, '42 05 1203 00ac02'],
  ];
  it.each(cases)('%s', (_what, op, wire) => {
    expect(hex(encode('Op', op))).toBe(wire.replaceAll(' ', ''));
  });

  it('shifts long nested messages for their length', () => {
    for (const size of [0, 126, 127, 128, 16_383, 16_384, 3_000_000]) {
      const identifier = 'x'.repeat(size);
      const op = decode('Op', encode('Op', { op: { kind: 'source', value: { identifier } } }));
      expect(op.op?.kind === 'source' && op.op.value.identifier === identifier).toBe(true);
    }
  });
});

describe('decoding', () => {
  it('gives defaults for what is missing', () => {
    expect(decode('FileActionCopy', new Uint8Array())).toEqual({
      src: '',
      dest: '',
      mode: 0,
      followSymlink: false,
      dirCopyContents: false,
      attemptUnpackDockerCompatibility: false,
      createDestPath: false,
      allowWildcard: false,
      allowEmptyWildcard: false,
      timestamp: 0n,
      includePatterns: [],
      excludePatterns: [],
      alwaysReplaceExistingDestPaths: false,
      modeStr: '',
      requiredPaths: [],
    } satisfies FileActionCopy);
  });

  it('skips fields that it does not know', () => {
    expect(decode('Input', bytes('0a0161 1864 22026869 290000000000000000 350000 0000 1001'))).toEqual({
      digest: 'a',
      index: 1,
    });
  });

  it('takes the last value and the last case', () => {
    expect(decode('UserOpt', bytes('10 05 0a 03 0a0161'))).toEqual({
      user: { kind: 'byName', value: { name: 'a', input: 0 } },
    });
  });

  const broken: [what: string, wire: string][] = [
    ['a length past the end', '0a7f'],
    ['a number that does not end', '10ffffffffffffffffffffff'],
    ['field number zero', '0000'],
    ['the wrong wire type', '0d00000000'],
    ['an unknown group', '1b'],
    ['a cut fixed number', '2900'],
  ];
  it.each(broken)('fails for %s', (_what, wire) => {
    expect(() => decode('Input', bytes(wire))).toThrow(expect.objectContaining({ code: 'PROTOBUF_INVALID' }));
  });

  it('fails for endless nesting', () => {
    const FIELDS: Record<string, FieldTable> = { Node: [[1, 'next', 'Node']] };
    const { decode: read } = codec<{ Node: { next?: unknown } }>(FIELDS, {});
    let wire = new Uint8Array();
    for (let depth = 0; depth < 100; depth++) {
      wire = new Uint8Array([
        0x0a,
        ...(wire.length < 128 ? [wire.length] : [(wire.length & 0x7f) | 0x80, wire.length >> 7]),
        ...wire,
      ]);
    }
    expect(() => read('Node', wire)).toThrow(expect.objectContaining({ code: 'PROTOBUF_INVALID' }));
  });
});

it('reads back what it writes', () => {
  const text = fc.string({ unit: 'binary' });
  const action = fc.record({
    src: text,
    mode: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    createDestPath: fc.boolean(),
    timestamp: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    includePatterns: fc.array(text),
  });
  fc.assert(
    fc.property(action, (value) => {
      expect(decode('FileActionCopy', encode('FileActionCopy', value))).toMatchObject(value);
    }),
  );
});
