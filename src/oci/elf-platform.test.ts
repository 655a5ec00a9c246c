import { describe, expect, test } from 'vitest';
import type { ElfFacts } from '../util/elf.ts';
import { elfMisfit, isElfPlatform } from './elf-platform.ts';
import { parsePlatform } from './platform.ts';

const program = (machine: number, more: Partial<ElfFacts> = {}): ElfFacts => ({
  bits: 64,
  endian: 'little',
  machine,
  type: 3,
  flags: 0,
  ...more,
});
const small = { bits: 32 } as const;
const loaded = { interpreter: '/lib/ld.so' };

const AMD64 = program(62);
const I386 = program(3, small);
const ARMHF = program(40, { ...small, ...loaded, flags: 0x0500_0400 });
const ARMEL = program(40, { ...small, ...loaded, flags: 0x0500_0200 });
/** Go's own linker says nothing of floats. */
const ARM_GO = program(40, { ...small, flags: 0x0500_0002 });

describe('a program fits its platform', () => {
  test.each<[string, string, ElfFacts]>([
    ['amd64', 'linux/amd64', AMD64],
    ['amd64 on a variant', 'linux/amd64/v3', AMD64],
    ['arm64', 'linux/arm64', program(183)],
    ['armhf', 'linux/arm/v7', ARMHF],
    ['armhf, as Alpine has it for v6', 'linux/arm/v6', ARMHF],
    ['armel on v6', 'linux/arm/v6', ARMEL],
    ['armel on v5', 'linux/arm/v5', ARMEL],
    ['a static program that says nothing of floats', 'linux/arm/v7', ARM_GO],
    ['a static soft-float program', 'linux/arm/v7', program(40, { ...small, flags: 0x0500_0200 })],
    ['ELFv2', 'linux/ppc64le', program(21, { flags: 2 })],
    ['no word of the ABI', 'linux/ppc64le', program(21)],
    ['ELFv1, big-endian', 'linux/ppc64', program(21, { flags: 1, endian: 'big' })],
    ['s390x', 'linux/s390x', program(22, { endian: 'big' })],
    ['lp64d with compressed instructions', 'linux/riscv64', program(243, { ...loaded, flags: 5 })],
    ['MIPS64 release 2', 'linux/mips64le', program(8, { flags: 0x8000_0007 })],
    ['lp64d', 'linux/loong64', program(258, { ...loaded, flags: 0x43 })],
  ])('%s', (_name, platform, elf) => expect(elfMisfit(elf, parsePlatform(platform))).toBeUndefined());
});

describe('it does not', () => {
  test.each<[string, string, ElfFacts, string]>([
    ['another machine', 'linux/arm64', AMD64, 'linux/amd64'],
    ['a newer machine that is known', 'linux/amd64', program(258), 'linux/loong64'],
    ['a machine that nobody knows', 'linux/amd64', program(4711), 'machine 4711'],
    ['another byte order', 'linux/ppc64le', program(21, { endian: 'big' }), 'linux/ppc64'],
    ['x32', 'linux/amd64', program(62, small), 'x32'],
    ['ILP32', 'linux/arm64', program(183, small), '32-bit pointers'],
    ['31-bit s390', 'linux/s390x', program(22, { bits: 32, endian: 'big' }), '32-bit'],
    ['32-bit arm on arm64', 'linux/arm64', ARMHF, 'linux/arm'],
    ['amd64 on 386', 'linux/386', AMD64, 'linux/amd64'],
    ['armel, linked, on v7', 'linux/arm/v7', ARMEL, 'soft-float'],
    ['armel, linked, on arm without a variant', 'linux/arm', ARMEL, 'soft-float'],
    ['armhf on v5', 'linux/arm/v5', ARMHF, 'hard-float'],
    ['before EABI 5', 'linux/arm/v7', program(40, { ...small, flags: 0x0400_0000 }), 'EABI'],
    ['ELFv1', 'linux/ppc64le', program(21, { flags: 1 }), 'ELFv1'],
    ['soft-float riscv, linked', 'linux/riscv64', program(243, { ...loaded, flags: 1 }), 'lp64d'],
    ['rv64e', 'linux/riscv64', program(243, { flags: 0xc }), 'embedded'],
    ['n32', 'linux/mips64le', program(8, { bits: 32, flags: 0x8000_0020 }), '32-bit'],
    ['MIPS64 release 6', 'linux/mips64le', program(8, { flags: 0xa000_0000 }), 'release 6'],
  ])('%s', (_name, platform, elf, what) => {
    expect(elfMisfit(elf, parsePlatform(platform))).toEqual({ kind: 'wrong', what: expect.stringContaining(what) });
  });

  test('386 on amd64, which runs it', () => {
    expect(elfMisfit(I386, parsePlatform('linux/amd64'))).toEqual({
      kind: 'runs-too',
      what: 'a program for linux/386',
    });
  });
});

test('platforms whose programs are known', () => {
  const known = (text: string) => isElfPlatform(parsePlatform(text));
  expect([known('linux/arm/v6'), known('linux/loong64')]).toEqual([true, true]);
  expect([known('windows/amd64'), known('linux/sparc64')]).toEqual([false, false]);
});
