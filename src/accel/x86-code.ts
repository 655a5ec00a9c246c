import type { ElfSegment } from '../util/elf-header.ts';
import { EXECUTABLE } from './elf-texts.ts';

/** Leads one use to an address. */
export type Change = (target: number) => void;

/** Where code uses an address. */
export interface CodeUse {
  /** In the file: where the instruction's N is. */
  readonly at: number;
  /** For x86-64's `lea N(%rip), register`; undefined for every other instruction that ends with such an N. */
  readonly lead: Change | undefined;
}

export function* codeUses(
  file: Buffer,
  places: ReadonlySet<number>,
  segments: readonly ElfSegment[],
): Generator<CodeUse> {
  for (const { offset, address, size } of segments.filter(({ flags }) => (flags & EXECUTABLE) !== 0)) {
    for (let at = offset + 3; at + 4 <= offset + size; at++) {
      const next = at + 4 - offset + address;
      if (!places.has(next + file.readInt32LE(at))) continue;
      const [rex = 0, code, mode = 0] = file.subarray(at - 3, at);
      const isLea = (rex & 0xfb) === 0x48 && code === 0x8d && (mode & 0xc7) === 5;
      yield { at, lead: isLea ? (target) => file.writeInt32LE(target - next, at) : undefined };
    }
  }
}
