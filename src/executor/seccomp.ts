import {
  ALLOWED_PERSONALITIES,
  ALLOWED_SYSCALLS,
  ARCHITECTURE_SYSCALLS,
  LAST_SOCKET_FAMILY,
  OWNERSHIP_SYSCALLS,
  REFUSED_SOCKET_FAMILIES,
  REFUSED_SYSCALLS,
} from './seccomp-syscalls.ts';

/** OCI runtime spec, config-linux.md "Seccomp". */
export interface Seccomp {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_LE' | 'SCMP_CMP_GT' | 'SCMP_CMP_MASKED_EQ';
}

const EPERM = 1;
const ENOSYS = 38;

/** The build machine's architecture and those its kernel also runs. */
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  '386': ['SCMP_ARCH_X86'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
  arm: ['SCMP_ARCH_ARM'],
  ppc64le: ['SCMP_ARCH_PPC64LE'],
  s390x: ['SCMP_ARCH_S390X', 'SCMP_ARCH_S390'],
  riscv64: ['SCMP_ARCH_RISCV64'],
  mips64le: ['SCMP_ARCH_MIPSEL64', 'SCMP_ARCH_MIPSEL', 'SCMP_ARCH_MIPSEL64N32'],
};

/** CLONE_NEWTIME is not among them, as in Docker's profile: it shares its bit with the signal clone(2) sends. */
const NAMESPACE_FLAGS = [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000];

/**
 * The default profile for Docker's default capabilities on a build machine of that architecture. An emulated program's
 * calls are its emulator's, so the machine's architecture is the one that counts. Undefined for an architecture that
 * libseccomp does not know. With `singleId` changes of owner and identity succeed without effect.
 */
export function defaultSeccomp(architecture: string, options: { singleId?: boolean } = {}): Seccomp | undefined {
  const architectures = ARCHITECTURES[architecture];
  if (architectures === undefined) return undefined;
  const allowed = [...ALLOWED_SYSCALLS, ...(ARCHITECTURE_SYSCALLS[architecture] ?? [])];
  const flags = architecture === 's390x' ? 1 : 0;
  const pretended = options.singleId === true ? OWNERSHIP_SYSCALLS : [];
  const namespaces = NAMESPACE_FLAGS.reduce((sum, flag) => sum + flag, 0);
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: ENOSYS,
    architectures,
    syscalls: [
      { names: allowed.filter((name) => !pretended.includes(name)), action: 'SCMP_ACT_ALLOW' },
      refuse(REFUSED_SYSCALLS),
      // A thread library falls back to clone, whose flags a filter can read.
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
      allow('clone', { index: flags, value: namespaces, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }),
      ...NAMESPACE_FLAGS.map((flag) =>
        refuse(['clone'], { index: flags, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' }),
      ),
      ...Array.from({ length: LAST_SOCKET_FAMILY + 1 }, (_, family) => family).map((family) => {
        const argument = { index: 0, value: family, op: 'SCMP_CMP_EQ' } as const;
        return REFUSED_SOCKET_FAMILIES.includes(family) ? refuse(['socket'], argument) : allow('socket', argument);
      }),
      refuse(['socket'], { index: 0, value: LAST_SOCKET_FAMILY, op: 'SCMP_CMP_GT' }),
      ...ALLOWED_PERSONALITIES.map((value) => allow('personality', { index: 0, value, op: 'SCMP_CMP_EQ' })),
      ...(pretended.length === 0 ? [] : [{ names: pretended, action: 'SCMP_ACT_ERRNO', errnoRet: 0 } as const]),
    ],
  };
}

function allow(name: string, argument: SeccompArgument): SeccompRule {
  return { names: [name], action: 'SCMP_ACT_ALLOW', args: [argument] };
}

function refuse(names: readonly string[], argument?: SeccompArgument): SeccompRule {
  return {
    names,
    action: 'SCMP_ACT_ERRNO',
    errnoRet: EPERM,
    ...(argument === undefined ? {} : { args: [argument] }),
  };
}
