import { describe, expect, test } from 'vitest';
import { CODE, LEA, pointed, TEXT, type X86Program, x86Program } from '../../test/support/x86-program.ts';
import type { MachineTraits } from '../emulation/pairs.ts';
import { patchMachine } from './patch-machine.ts';
import { debianArchitecture } from './plan-pack.ts';

const OWN = 'x86_64-pc-linux-gnu';
const FOREIGN = 'aarch64-unknown-linux-gnu';
const program = (options: X86Program) => x86Program({ texts: OWN, ...options });

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

  test.each<[string, X86Program, MachineTraits['names'], string?]>([
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
