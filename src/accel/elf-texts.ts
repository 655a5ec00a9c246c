import { elfHeader, type ElfSegment, elfSegments, ELF_HEADER, PT_DYNAMIC, PT_LOAD } from '../util/elf-header.ts';

/** e_machine of x86-64, of whose programs this is. */
export const X86_64 = 62;
/** p_flags. */
export const EXECUTABLE = 1;
export const WRITABLE = 2;
const PAGE = 4096;

/** Elf64_Phdr: where p_filesz and p_memsz are. */
const PHDR_FILE_SIZE = 32;
const PHDR_MEMORY_SIZE = 40;

/** PT_DYNAMIC's entries, with where they are in the file. */
export function dynamicEntries(
  file: Buffer,
): readonly { readonly at: number; readonly tag: number; readonly value: number }[] {
  const { offset = 0, size = 0 } = segmentsOf(file, PT_DYNAMIC)[0] ?? {};
  return Array.from({ length: Math.floor(size / 16) }, (_, index) => {
    const at = offset + 16 * index;
    return { at, tag: Number(file.readBigInt64LE(at)), value: Number(file.readBigUInt64LE(at + 8)) };
  });
}

/** The segments of a type; default those that are loaded. */
export function segmentsOf(file: Buffer, type = PT_LOAD): readonly ElfSegment[] {
  const header = elfHeader(file.subarray(0, ELF_HEADER));
  if (header === undefined) return [];
  return elfSegments(file.subarray(header.table.offset), header).filter((one) => one.type === type);
}

/** Where a text is in read-only data. */
export function addressesOf(file: Buffer, text: string, segments: readonly ElfSegment[]): ReadonlySet<number> {
  const addresses = new Set<number>();
  for (let at = file.indexOf(text, 0, 'latin1'); at >= 0; at = file.indexOf(text, at + 1, 'latin1')) {
    const one = segments.find(({ offset, size }) => at >= offset && at < offset + size);
    if (one !== undefined) addresses.add(at - one.offset + one.address);
  }
  return addresses;
}

/** Makes the last segment of read-only data longer by a text; its address, undefined where its page has no room. */
export function append(file: Buffer, text: string, segments: readonly ElfSegment[]): number | undefined {
  const readOnly = ({ flags }: ElfSegment) => (flags & (EXECUTABLE | WRITABLE)) === 0;
  const index = segments.findLastIndex(readOnly);
  const segment = segments[index];
  if (segment === undefined || segment.size !== segment.memory) return undefined;
  const end = segment.offset + segment.size;
  const address = segment.address + segment.size;
  const room = (PAGE - (address % PAGE)) % PAGE;
  const gap = file.subarray(end, end + text.length);
  const next = Math.min(...segments.map(({ offset }) => (offset > segment.offset ? offset : file.length)));
  if (text.length > room || end + text.length > next || gap.some((byte) => byte !== 0)) return undefined;
  const row = phdrOf(file, segment);
  if (row === undefined) return undefined;
  file.write(text, end, 'latin1');
  for (const field of [PHDR_FILE_SIZE, PHDR_MEMORY_SIZE]) {
    file.writeBigUInt64LE(BigInt(segment.size + text.length), row + field);
  }
  return address;
}

/** Where a segment's program header is in the file. */
function phdrOf(file: Buffer, segment: ElfSegment): number | undefined {
  const header = elfHeader(file);
  if (header === undefined) return undefined;
  const { offset, size } = header.table;
  const index = elfSegments(file.subarray(offset), header).findIndex(
    (one) => one.type === PT_LOAD && one.offset === segment.offset,
  );
  return index < 0 ? undefined : offset + index * size;
}
