/* x86-64 programs made for tests of what changes code. */

export const CODE = 0x1000;
export const TEXT = 0x2000;
export const DATA = 0x3000;
export const LEA = '488d3d';

export interface X86Program {
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
export function x86Program({ texts = '', code = [], pointers = [], size = 0xf00, machine = 62 }: X86Program): Buffer {
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

/** What the instruction at a place of the code points to. */
export const pointed = (file: Buffer | undefined, index: number) => {
  const at = CODE + 0x10 * index;
  const text = at + 7 + (file?.readInt32LE(at + 3) ?? 0);
  return file?.toString('latin1', text, file.indexOf(0, text));
};
