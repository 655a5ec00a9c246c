import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Target {
  /** `e_machine` and `e_flags` of its ELF header. */
  readonly machine: number;
  readonly flags: number;
  readonly bits: 32 | 64;
  /** The instructions of `exit(status)`. */
  readonly exit: (status: number) => readonly number[];
}

/** Architectures that the fixtures have no base images for. */
const targets = {
  // li v0, __NR_exit (n64 ABI); li a0, status; syscall
  mips64le: {
    machine: 8,
    flags: 0x80000000,
    bits: 64,
    exit: (status) => [0x24020000 | 5058, 0x24040000 | status, 0x0000000c],
  },
  // addi.w a7, zero, __NR_exit; addi.w a0, zero, status; syscall 0
  loong64: {
    machine: 258,
    flags: 0x43,
    bits: 64,
    exit: (status) => [0x0280000b | (93 << 10), 0x02800004 | (status << 10), 0x002b0000],
  },
  // mov r7, #__NR_exit; mov r0, #status; svc 0
  arm: { machine: 40, flags: 0x05000000, bits: 32, exit: (status) => [0xe3a07001, 0xe3a00000 | status, 0xef000000] },
} satisfies Record<string, Target>;

export type ExitArchitecture = keyof typeof targets;

/** A root filesystem at `folder` whose only file is `/exit`, a little-endian program that ends with `status`. */
export function makeExitProgram(
  folder: string,
  { architecture, status }: { architecture: ExitArchitecture; status: number },
): string {
  const target: Target = targets[architecture];
  const wide = target.bits === 64;
  const [header, segment] = wide ? [64, 56] : [52, 32];
  const code = target.exit(status);
  const base = 0x10000;
  const start = header + segment;
  const file = Buffer.alloc(start + 4 * code.length);
  const word = (value: number, at: number): unknown =>
    wide ? file.writeBigUInt64LE(BigInt(value), at) : file.writeUInt32LE(value, at);
  const size = wide ? 8 : 4;

  // System V ABI, ELF header and one PT_LOAD segment, readable and executable, of the whole file.
  file.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(target.machine, 18);
  file.writeUInt32LE(1, 20);
  word(base + start, 24);
  word(header, 24 + size);
  file.writeUInt32LE(target.flags, 24 + 3 * size);
  for (const [index, value] of [header, segment, 1].entries()) file.writeUInt16LE(value, 28 + 3 * size + 2 * index);
  file.writeUInt32LE(1, header);
  file.writeUInt32LE(5, wide ? header + 4 : header + 24);
  const fields = wide ? header + 8 : header + 4;
  for (const [index, value] of [0, base, base, file.length, file.length].entries()) word(value, fields + size * index);
  word(0x10000, wide ? header + 48 : header + 28);
  for (const [index, value] of code.entries()) file.writeUInt32LE(value >>> 0, start + 4 * index);

  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'exit'), file, { mode: 0o755 });
  return folder;
}
