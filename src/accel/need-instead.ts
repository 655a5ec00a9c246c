import type { Allocator } from '../emulation/pairs.ts';
import { elfHeader } from '../util/elf-header.ts';
import { addressesOf, append, dynamicEntries, segmentsOf, X86_64 } from './elf-texts.ts';

const DT_NEEDED = 1;
const DT_STRTAB = 5;
const LIBC = 'libc.so.6';

/** Lets a program, in place, load a library where it loads libc, which that one loads in its turn; false where it does not fit. */
export function needInstead(file: Buffer, library: string): boolean {
  const segments = segmentsOf(file);
  const texts = dynamicEntries(file).find(({ tag }) => tag === DT_STRTAB)?.value ?? 0;
  const places = addressesOf(file, `${LIBC}\0`, segments);
  const entries = dynamicEntries(file).filter(({ tag, value }) => tag === DT_NEEDED && places.has(texts + value));
  const target = append(file, `${library}\0`, segments);
  const [entry] = entries;
  if (entry === undefined || entries.length > 1 || target === undefined) return false;
  file.writeBigUInt64LE(BigInt(target - texts), entry.at + 8);
  return true;
}

/** The program with the allocator where it is one of those that shall have it; as it is where that is not here or does not fit. */
export function withAllocator(
  { place, file }: { readonly place: string; readonly file: Buffer },
  {
    allocator,
    libraries,
  }: { readonly allocator: Allocator | undefined; readonly libraries: ReadonlyMap<string, Buffer> },
): Buffer {
  const name = place.slice(place.lastIndexOf('/') + 1);
  if (allocator?.programs.includes(name) !== true || !libraries.has(allocator.library)) return file;
  if (elfHeader(file)?.machine !== X86_64) return file;
  const patched = Buffer.from(file);
  return needInstead(patched, allocator.library) ? patched : file;
}

/**
 * Takes an allocator's settings from the environment: a step's are for its own programs, and may make the allocator print.
 * The beginning of their names gets a `=`, which no name has. Undefined where it is not there once.
 */
export function withoutSettings(file: Buffer, settings: string): Buffer | undefined {
  const text = `\0${settings}\0`;
  const at = file.indexOf(text, 0, 'latin1');
  if (at < 0 || file.indexOf(text, at + 1, 'latin1') >= 0) return undefined;
  const patched = Buffer.from(file);
  patched.write('=', at + 1, 'latin1');
  return patched;
}
