/** How programs of an architecture are told apart, and which emulator runs them. */
export interface ArchitectureRecord {
  /** Go's name, as in a platform. */
  readonly architecture: string;
  /** QEMU's name: the emulator is `qemu-<name>` or `qemu-<name>-static`. */
  readonly qemu: string;
  /** ELF e_ident[EI_CLASS]: 1 for 32 bits, 2 for 64 (elf(5)). */
  readonly elfClass: 1 | 2;
  /** ELF e_ident[EI_DATA]: 1 little-endian, 2 big-endian. */
  readonly elfData: 1 | 2;
  /** ELF e_machine. */
  readonly machine: number;
  /** A better CPU than the default of QEMU's major versions `from` up to, not including, `until`. */
  readonly cpu?: { readonly model: string; readonly from: number; readonly until: number };
}

/** e_machine values: the generic ABI's registry, as elf.h lists it. */
export const ARCHITECTURES: readonly ArchitectureRecord[] = [
  { architecture: 'amd64', qemu: 'x86_64', elfClass: 2, elfData: 1, machine: 62 },
  { architecture: '386', qemu: 'i386', elfClass: 1, elfData: 1, machine: 3 },
  {
    architecture: 'arm64',
    qemu: 'aarch64',
    elfClass: 2,
    elfData: 1,
    machine: 183,
    // By default these compute pointer authentication bit by bit, which makes code built with it ten times slower.
    cpu: { model: 'max,pauth-impdef=on', from: 6, until: 10 },
  },
  { architecture: 'arm', qemu: 'arm', elfClass: 1, elfData: 1, machine: 40 },
  { architecture: 'ppc64le', qemu: 'ppc64le', elfClass: 2, elfData: 1, machine: 21 },
  { architecture: 's390x', qemu: 's390x', elfClass: 2, elfData: 2, machine: 22 },
  { architecture: 'riscv64', qemu: 'riscv64', elfClass: 2, elfData: 1, machine: 243 },
  { architecture: 'mips64le', qemu: 'mips64el', elfClass: 2, elfData: 1, machine: 8 },
  { architecture: 'loong64', qemu: 'loongarch64', elfClass: 2, elfData: 1, machine: 258 },
];

export function architectureRecord(architecture: string): ArchitectureRecord | undefined {
  return ARCHITECTURES.find((record) => record.architecture === architecture);
}

const BYTES = 20;

/** The first 20 bytes of such a program's ELF header: e_ident, e_type (executable), e_machine. */
export function elfMagic(record: ArchitectureRecord): Uint8Array {
  const magic = new Uint8Array(BYTES);
  magic.set([0x7f, 0x45, 0x4c, 0x46, record.elfClass, record.elfData, 1]);
  const view = new DataView(magic.buffer);
  view.setUint16(16, 2, record.elfData === 1);
  view.setUint16(18, record.machine, record.elfData === 1);
  return magic;
}

/** Which bits of the magic count: any EI_OSABI, and an e_type of 2 (executable) or 3 (position-independent). */
export function elfMask(record: ArchitectureRecord): Uint8Array {
  const mask = new Uint8Array(BYTES).fill(0xff);
  mask[7] = 0;
  mask[record.elfData === 1 ? 16 : 17] = 0xfe;
  return mask;
}
