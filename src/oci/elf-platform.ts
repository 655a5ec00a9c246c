import type { ElfFacts } from '../util/elf.ts';
import { type Platform, formatPlatform } from './platform.ts';
import { PLATFORM_NAMES } from './platform-names.ts';

/** Why a program does not fit a platform. */
export type ElfMisfit =
  /** `what` completes "is …": `a program for linux/amd64`. */
  | { readonly kind: 'wrong'; readonly what: string }
  /** It is another architecture's that the platform's own processors and kernels run too: 386 on amd64. */
  | { readonly kind: 'runs-too'; readonly what: string };

/** What e_flags must say on an architecture, beyond machine, class and byte order. */
interface FlagRule {
  readonly architecture: string;
  /** Of those platforms only. */
  readonly variants?: RegExp;
  readonly mask: number;
  readonly allowed: readonly number[];
  /** It binds programs to the shared libraries of the image: those that need none may differ. */
  readonly linked?: boolean;
  readonly what: string;
}

/*
 * The processors' supplements to the ELF ABI. A program without the float bits says nothing of them (Go's own linker
 * writes none for arm).
 */
const FLAG_RULES: readonly FlagRule[] = [
  {
    architecture: 'arm',
    mask: 0xff00_0000,
    allowed: [0x0500_0000],
    what: 'a program for arm’s ABI before EABI version 5',
  },
  {
    architecture: 'arm',
    variants: /^v7$|^v8$/,
    mask: 0x600,
    allowed: [0, 0x400, 0x600],
    linked: true,
    what: 'a soft-float program (armel)',
  },
  {
    architecture: 'arm',
    variants: /^v5$/,
    mask: 0x600,
    allowed: [0, 0x200, 0x600],
    what: 'a hard-float program (armhf)',
  },
  { architecture: 'ppc64le', mask: 0x3, allowed: [0, 2], what: 'a program for the ELFv1 ABI' },
  {
    architecture: 'riscv64',
    mask: 0x6,
    allowed: [0x4],
    linked: true,
    what: 'a program of another float ABI than lp64d',
  },
  { architecture: 'riscv64', mask: 0x8, allowed: [0], what: 'a program for riscv’s embedded ABI' },
  {
    architecture: 'loong64',
    mask: 0x7,
    allowed: [0, 0x3],
    linked: true,
    what: 'a program of another float ABI than lp64d',
  },
  // The upper four bits: 9 and 10 are the releases 6, which dropped instructions.
  ...['mips64le', 'mips64'].map((architecture) => ({
    architecture,
    mask: 0xf000_0000,
    allowed: [0, 1, 2, 3, 4, 5, 6, 7, 8].map((release) => release * 0x1000_0000),
    what: 'a program for MIPS release 6',
  })),
];

/** Whether anything is known of a platform's programs. */
export function isElfPlatform({ os, architecture }: Platform): boolean {
  return os === 'linux' && identityOf(architecture) !== undefined;
}

/**
 * How a program or shared library does not fit a platform (isElfPlatform); undefined when it does. Which instructions
 * are in it is not looked at: an armhf program for v7 passes on v6.
 */
export function elfMisfit(elf: ElfFacts, { architecture, variant }: Platform): ElfMisfit | undefined {
  const own = identityOf(architecture);
  if (own === undefined) return undefined;
  if (elf.machine !== own.machine || elf.bits !== own.bits || elf.endian !== own.endian) {
    const kind = architecture === 'amd64' && ownerOf(elf) === 'linux/386' ? 'runs-too' : 'wrong';
    return { kind, what: `a program for ${describeMachine(elf)}` };
  }
  const usual = variant ?? (architecture === 'arm' ? 'v7' : '');
  for (const rule of FLAG_RULES) {
    if (rule.architecture !== architecture || rule.variants?.test(usual) === false) continue;
    if (rule.linked === true && elf.interpreter === undefined) continue;
    // Bitwise results are signed.
    if (!rule.allowed.includes((elf.flags & rule.mask) >>> 0)) return { kind: 'wrong', what: rule.what };
  }
  return undefined;
}

function identityOf(architecture: string) {
  return PLATFORM_NAMES.find(({ docker }) => docker.split('/')[1] === architecture)?.elf;
}

/** The platform that the file's machine, class and byte order are, without a variant. */
function ownerOf({ machine, bits, endian }: ElfFacts): string | undefined {
  const found = PLATFORM_NAMES.find(
    ({ elf }) => elf.machine === machine && elf.bits === bits && elf.endian === endian,
  )?.docker.split('/')[1];
  return found === undefined ? undefined : formatPlatform({ os: 'linux', architecture: found });
}

const X86_64 = 62;
const AARCH64 = 183;

function describeMachine(elf: ElfFacts): string {
  const owner = ownerOf(elf);
  if (owner !== undefined) return owner;
  if (elf.machine === X86_64 && elf.bits === 32) return 'x32 (32-bit pointers on amd64)';
  if (elf.machine === AARCH64 && elf.bits === 32) return 'arm64 with 32-bit pointers';
  const near = PLATFORM_NAMES.find(({ elf: { machine } }) => machine === elf.machine);
  const name = near === undefined ? `the machine ${elf.machine}` : near.docker.replace('linux/', '').split('/')[0];
  return `${name}, ${elf.bits}-bit ${elf.endian}-endian`;
}
