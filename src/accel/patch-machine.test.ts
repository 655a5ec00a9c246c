import { describe, expect, test } from 'vitest';
import type { MachineTraits } from '../emulation/pairs.ts';
import { patchMachine } from './patch-machine.ts';
import { debianArchitecture } from './plan-pack.ts';

const CODE = 0x1000;
const TEXT = 0x2000;
const DATA = 0x3000;
const OWN = 'x86_64-pc-linux-gnu';
const FOREIGN = 'aarch64-unknown-linux-gnu';
const LEA = '488d3d';

interface Program {
  readonly texts?: string;
  /** Instructions without the distance, each to the offset of a text. */
  readonly code?: readonly (readonly [instruction: string, target: number])[];
  /** Pointers to offsets of texts; with or without a relocation. */
  readonly pointers?: readonly (readonly [target: number, relocated: boolean])[];
  /** Bytes of the read-only segment. */
  readonly size?: number;
  readonly machine?: number;
}

/** An x86-64 program that may lie anywhere: code, texts, and data with relocations at its end. */
function program({ texts = OWN, code = [], pointers = [], size = 0xf00, machine = 62 }: Program): Buffer {
  const file = Buffer.alloc(DATA + 0x1000);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(3, 16);
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(5, 56);
  const rows = [
    [1, 4, 0, 0x1000],
    [1, 5, CODE, 0x1000],
    [1, 4, TEXT, size],
    [1, 6, DATA, 0x1000],
    [2, 6, DATA + 0x800, 0x100],
  ];
  for (const [row, [type = 0, flags = 0, place = 0, bytes = 0]] of rows.entries()) {
    const at = 64 + 56 * row;
    file.writeUInt32LE(type, at);
    file.writeUInt32LE(flags, at + 4);
    for (const [index, value] of [place, place, place, bytes, bytes, 0x1000].entries())
      file.writeBigUInt64LE(BigInt(value), at + 8 + 8 * index);
  }
  file.write(`\0${texts}\0`, TEXT, 'latin1');
  for (const [index, [instruction, target]] of code.entries()) {
    const at = CODE + 0x10 * index;
    file.write(instruction, at, 'hex');
    file.writeInt32LE(TEXT + 1 + target - (at + 7), at + 3);
  }
  const relocated = pointers.filter(([, one]) => one);
  for (const [index, [target]] of pointers.entries())
    file.writeBigUInt64LE(BigInt(TEXT + 1 + target), DATA + 8 * index);
  for (const [index, one] of relocated.entries()) {
    const words = [DATA + 8 * pointers.indexOf(one), 8, TEXT + 1 + one[0]];
    for (const [word, value] of words.entries())
      file.writeBigUInt64LE(BigInt(value), TEXT + 0x400 + 24 * index + 8 * word);
  }
  for (const [index, value] of [7, TEXT + 0x400, 8, 24 * relocated.length].entries())
    file.writeBigUInt64LE(BigInt(value), DATA + 0x800 + 8 * index);
  return file;
}

function patch(
  file: Buffer,
  names: MachineTraits['names'],
  more: { texts?: string; signs?: MachineTraits['signs'] } = {},
) {
  const [foreign, native] = [debianArchitecture('arm64'), debianArchitecture('amd64')];
  if (foreign === undefined || native === undefined) throw new Error('no architecture');
  const there = program({ texts: more.texts ?? `${FOREIGN}\0aarch64\0`, machine: 183 });
  return patchMachine(file, { program: there, traits: { names, signs: more.signs ?? [] }, foreign, native });
}

/** What the instruction at a place of the code points to. */
const pointed = (file: Buffer | undefined, index: number) => {
  const at = CODE + 0x10 * index;
  const text = at + 7 + (file?.readInt32LE(at + 3) ?? 0);
  return file?.toString('latin1', text, file.indexOf(0, text));
};

const TRIPLE = '{cpu}-*-{system}';

describe('what a program knows of its machine', () => {
  test('becomes what the foreign one says: in code and in pointers', () => {
    const file = program({
      texts: `${OWN}\0x86_64`,
      code: [
        [LEA, 0],
        ['4c8d05', 0],
        [LEA, 20],
        [LEA, 10],
      ],
      pointers: [[0, true]],
    });
    const patched = patch(file, { [TRIPLE]: 3, '{cpu}': 1, '{system}': 1 });
    // The last one is the end of the first: it stays.
    expect([0, 1, 2, 3].map((index) => pointed(patched, index))).toEqual([FOREIGN, FOREIGN, 'aarch64', 'linux-gnu']);
    const addend = Number(patched?.readBigUInt64LE(TEXT + 0x400 + 16));
    expect(patched?.toString('latin1', addend, addend + FOREIGN.length + 1)).toBe(`${FOREIGN}\0`);
    // The segment holds them now.
    expect(patched?.readBigUInt64LE(64 + 56 * 2 + 32)).toBe(BigInt(0xf00 + FOREIGN.length + 1 + 'aarch64'.length + 1));
    expect(pointed(file, 0)).toBe(OWN);
  });

  test('in code that is known by its bytes, and there once', () => {
    const [from, to] = ['0fbe070fbe16', '0fb6070fb616'];
    const file = program({ texts: '' });
    file.write(from, CODE + 0x100, 'hex');
    expect(patch(file, {}, { signs: [{ [from]: 1, '0fbe55': 1 }] })?.toString('hex', CODE + 0x100, CODE + 0x106)).toBe(
      to,
    );
    file.write(from, CODE + 0x200, 'hex');
    expect(patch(file, {}, { signs: [{ [from]: 1, '0fbe55': 1 }] })).toBeUndefined();
    expect(patch(program({ texts: '' }), {}, { signs: [{ [from]: 1, '0fbe55': 1 }] })).toBeUndefined();
  });

  test.each<[string, Program, MachineTraits['names'], string?]>([
    [
      'used more often than known',
      {
        code: [
          [LEA, 0],
          [LEA, 0],
        ],
      },
      { [TRIPLE]: 1 },
    ],
    ['used by another instruction', { code: [['488b3d', 0]] }, { [TRIPLE]: 1 }],
    ['a pointer without a relocation', { code: [[LEA, 0]], pointers: [[0, false]] }, { [TRIPLE]: 1 }],
    ['no room in the page', { code: [[LEA, 0]], size: 0xff0 }, { [TRIPLE]: 1 }],
    ['not there', { texts: 'x', code: [[LEA, 0]] }, { [TRIPLE]: 1 }],
    ['not in the foreign program', { code: [[LEA, 0]] }, { [TRIPLE]: 1 }, 'aarch64'],
    ['two of them in the foreign program', { code: [[LEA, 0]] }, { [TRIPLE]: 1 }, `${FOREIGN}\0aarch64-x-linux-gnu`],
    ['another name that nothing changes', { texts: `${OWN}\0lib/x86_64`, code: [[LEA, 0]] }, { [TRIPLE]: 1 }],
    ['of another machine', { code: [[LEA, 0]], machine: 183 }, { [TRIPLE]: 1 }],
  ])('is left, and the program refused: a name %s', (_name, one, names, texts) => {
    expect(patch(program(one), names, texts === undefined ? {} : { texts })).toBeUndefined();
  });
});
