/** What an ELF file's headers shall say. */
export interface ElfHeader {
  readonly wide: boolean;
  readonly little: boolean;
  readonly machine: number;
  readonly flags?: number;
  readonly interpreter?: string;
  /** Program headers that it claims to have. */
  readonly count?: number;
}

/** Headers of a program that cannot run, and with an interpreter one program header that leads to it. */
export function elfFile({ wide, little, machine, flags = 0, interpreter, count }: ElfHeader): Buffer {
  const bytes = Buffer.alloc(512);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [start, row] = wide ? [64, 56] : [52, 32];
  const word = (at: number, value: number) =>
    wide ? view.setBigUint64(at, BigInt(value), little) : view.setUint32(at, value, little);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1]);
  view.setUint16(16, 3, little);
  view.setUint16(18, machine, little);
  word(wide ? 32 : 28, start);
  view.setUint32(wide ? 48 : 36, flags, little);
  view.setUint16(wide ? 54 : 42, row, little);
  view.setUint16(wide ? 56 : 44, count ?? (interpreter === undefined ? 0 : 1), little);
  if (interpreter === undefined) return bytes;
  view.setUint32(start, 3, little);
  word(start + (wide ? 8 : 4), 256);
  word(start + (wide ? 32 : 16), interpreter.length + 1);
  bytes.write(`${interpreter}\0`, 256);
  return bytes;
}
