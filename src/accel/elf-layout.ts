import { elfHeader, type ElfSegment, elfSegments, PT_DYNAMIC, PT_INTERP, PT_LOAD } from '../util/elf-header.ts';

/** Where the parts of an ELF file are that packs read and change (elf(5)); offsets in the file. */
export interface ElfLayout {
  readonly machine: number;
  readonly wide: boolean;
  /** PT_INTERP's text, with the zero at its end. */
  readonly interpreter?: { readonly offset: number; readonly size: number };
  /** The text of DT_RUNPATH or DT_RPATH, with the zero at its end. */
  readonly runpath?: { readonly offset: number; readonly size: number };
  /** DT_NEEDED. */
  readonly needed: readonly string[];
}

const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_RPATH = 15;
const DT_RUNPATH = 29;

/** Reads an ELF file of any class and byte order; undefined when it is none or is damaged. */
export function elfLayout(file: Buffer): ElfLayout | undefined {
  try {
    return readLayout(file);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readLayout(file: Buffer): ElfLayout | undefined {
  const header = elfHeader(file);
  if (header === undefined) return undefined;
  const { wide, little, machine, table } = header;
  const long = (at: number): number => {
    if (!wide) return little ? file.readUInt32LE(at) : file.readUInt32BE(at);
    return Number(little ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at));
  };
  const segments = elfSegments(file.subarray(table.offset), header);
  if (segments.length < table.count) return undefined;
  const interpreter = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const step = wide ? 8 : 4;
  const entries: { tag: number; value: number }[] = [];
  const end = dynamic === undefined ? 0 : dynamic.offset + dynamic.size;
  for (let at = dynamic?.offset ?? 0; at < end; at += 2 * step) {
    entries.push({ tag: long(at), value: long(at + step) });
  }
  const names = entries.find(({ tag }) => tag === DT_STRTAB)?.value ?? 0;
  const place = (value: number) => offsetOf(names + value, segments);
  const text = (value: number) => file.toString('latin1', place(value), file.indexOf(0, place(value)));
  const path = entries.find(({ tag }) => tag === DT_RUNPATH || tag === DT_RPATH);
  const runpath = path === undefined ? undefined : { offset: place(path.value), size: text(path.value).length + 1 };
  return {
    machine,
    wide,
    ...(interpreter === undefined ? {} : { interpreter: { offset: interpreter.offset, size: interpreter.size } }),
    ...(runpath === undefined ? {} : { runpath }),
    needed: entries.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => text(value)),
  };
}

function offsetOf(address: number, segments: readonly ElfSegment[]): number {
  const segment = segments.find(
    (one) => one.type === PT_LOAD && address >= one.address && address < one.address + one.size,
  );
  return segment === undefined ? 0 : address - segment.address + segment.offset;
}
