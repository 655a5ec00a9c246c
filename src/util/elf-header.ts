/** An ELF file's header (the generic ABI, chapter 4), of any class and byte order. */
export interface ElfHeader {
  /** Of 64 bits; else 32. */
  readonly wide: boolean;
  /** Little-endian; else big. */
  readonly little: boolean;
  /** e_machine */
  readonly machine: number;
  /** e_type: 2 is a program at a fixed place, 3 one at any place or a shared library. */
  readonly type: number;
  /** e_flags */
  readonly flags: number;
  /** The program headers: where they are in the file, the size of each in bytes, how many. */
  readonly table: { readonly offset: number; readonly size: number; readonly count: number };
}

/** A program header (chapter 5); places and sizes are in bytes. */
export interface ElfSegment {
  /** p_type */
  readonly type: number;
  /** p_flags */
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  /** In the file. */
  readonly size: number;
  readonly memory: number;
  readonly align: number;
}

export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_INTERP = 3;
export const PT_NOTE = 4;

/** A header's size in a file of 64 bits; one of 32 bits is shorter. */
export const ELF_HEADER = 64;
/** An ELF header is no shorter. */
export const ELF_MINIMUM = 52;

/** Whether bytes from a file's beginning are those of an ELF file. */
export function isElf(start: Uint8Array): boolean {
  return start[0] === 0x7f && start[1] === 0x45 && start[2] === 0x4c && start[3] === 0x46;
}

/** The header in the bytes of a file's beginning, `ELF_HEADER` of them if it has so many; undefined when it is no ELF file. */
export function elfHeader(start: Uint8Array): ElfHeader | undefined {
  if (start.length < ELF_MINIMUM || !isElf(start)) return undefined;
  const wide = start[4] === 2;
  const little = start[5] === 1;
  if ((!wide && start[4] !== 1) || (!little && start[5] !== 2) || (wide && start.length < ELF_HEADER)) return undefined;
  const view = viewOf(start);
  return {
    wide,
    little,
    machine: view.getUint16(18, little),
    type: view.getUint16(16, little),
    flags: view.getUint32(wide ? 48 : 36, little),
    table: {
      offset: wide ? Number(view.getBigUint64(32, little)) : view.getUint32(28, little),
      size: view.getUint16(wide ? 54 : 42, little),
      count: view.getUint16(wide ? 56 : 44, little),
    },
  };
}

/** The program headers in the bytes from the table's beginning: as many as are whole there. */
export function elfSegments(table: Uint8Array, header: ElfHeader): ElfSegment[] {
  const { wide, little } = header;
  const { size, count } = header.table;
  const view = viewOf(table);
  const segments: ElfSegment[] = [];
  if (size < (wide ? 56 : 32)) return segments;
  for (let at = 0; segments.length < count && at + size <= table.length; at += size) {
    const field = (place: number): number =>
      wide ? Number(view.getBigUint64(at + 8 * place, little)) : view.getUint32(at + 4 * place, little);
    segments.push({
      type: view.getUint32(at, little),
      flags: view.getUint32(at + (wide ? 4 : 24), little),
      offset: field(1),
      address: field(2),
      size: field(4),
      memory: field(5),
      align: field(wide ? 6 : 7),
    });
  }
  return segments;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
