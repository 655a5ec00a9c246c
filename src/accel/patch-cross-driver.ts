import { elfHeader, type ElfSegment, elfSegments, PT_LOAD } from '../util/elf-header.ts';

/** In gcc's struct spec_list, after the pointer to the name: the pointer to the variable with the spec's text. */
const VARIABLE = 16;
const SPEC = 'cross_compile';
/** e_type of a program at a fixed place, as gcc is built; its pointers need no relocation. */
const FIXED = 2;

/**
 * Tells gcc's driver that it is no cross compiler: it looks at LIBRARY_PATH then, and finds the start files where the
 * native one does. The text of its spec `cross_compile`, "1", becomes "0". A file without that spec is given as it is;
 * undefined when it is not built as known.
 */
export function patchCrossDriver(file: Buffer): Buffer | undefined {
  const name = file.indexOf(`\0${SPEC}\0`, 0, 'latin1');
  if (name < 0) return file;
  const header = elfHeader(file);
  if (header === undefined || header.type !== FIXED || !header.wide || !header.little) return undefined;
  const segments = elfSegments(file.subarray(header.table.offset), header).filter(({ type }) => type === PT_LOAD);
  const row = pointerTo(name + 1, file, segments);
  const variable = row === undefined ? undefined : pointed(row + VARIABLE, file, segments);
  const text = variable === undefined ? undefined : pointed(variable, file, segments);
  const zero = addressOf(file.indexOf('\u00000\0', 0, 'latin1') + 1, segments);
  if (variable === undefined || text === undefined || zero === undefined) return undefined;
  if (file.toString('latin1', text, text + 2) !== '1\0') return undefined;
  const patched = Buffer.from(file);
  patched.writeBigUInt64LE(BigInt(zero), variable);
  return patched;
}

/** The offset of the one pointer to what lies at an offset. */
function pointerTo(offset: number, file: Buffer, segments: readonly ElfSegment[]): number | undefined {
  const address = addressOf(offset, segments);
  if (address === undefined) return undefined;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(address));
  const at = file.indexOf(bytes);
  return at < 0 || file.indexOf(bytes, at + 1) >= 0 ? undefined : at;
}

/** The offset of what the pointer at an offset points to. */
function pointed(offset: number, file: Buffer, segments: readonly ElfSegment[]): number | undefined {
  if (offset + 8 > file.length) return undefined;
  const address = Number(file.readBigUInt64LE(offset));
  const one = segments.find((each) => address >= each.address && address < each.address + each.size);
  return one === undefined ? undefined : address - one.address + one.offset;
}

function addressOf(offset: number, segments: readonly ElfSegment[]): number | undefined {
  const one = segments.find((each) => offset >= each.offset && offset < each.offset + each.size);
  return one === undefined ? undefined : offset - one.offset + one.address;
}
