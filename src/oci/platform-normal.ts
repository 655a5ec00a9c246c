import type { Platform } from './platform.ts';

/**
 * Other names of architectures → [architecture, variant]. What containerd's platforms package takes
 * (database.go), and names from uname, Debian, Docker Hub's per-architecture users and QEMU beside them.
 * A variant that is written wins over the alias's, but for armhf and armel.
 */
const ALIASES: Readonly<Record<string, readonly [string, string]>> = {
  x86_64: ['amd64', ''],
  'x86-64': ['amd64', ''],
  x64: ['amd64', ''],
  amd64v1: ['amd64', ''],
  amd64v2: ['amd64', 'v2'],
  amd64v3: ['amd64', 'v3'],
  amd64v4: ['amd64', 'v4'],
  i386: ['386', ''],
  i486: ['386', ''],
  i586: ['386', ''],
  i686: ['386', ''],
  ia32: ['386', ''],
  x86: ['386', ''],
  aarch64: ['arm64', ''],
  armv8: ['arm64', ''],
  arm64v8: ['arm64', ''],
  arm64v9: ['arm64', 'v9'],
  armhf: ['arm', 'v7'],
  armv7: ['arm', 'v7'],
  armv7l: ['arm', 'v7'],
  armv7a: ['arm', 'v7'],
  armv7hl: ['arm', 'v7'],
  arm32v7: ['arm', 'v7'],
  armel: ['arm', 'v6'],
  armv6: ['arm', 'v6'],
  armv6l: ['arm', 'v6'],
  armv6hl: ['arm', 'v6'],
  arm32v6: ['arm', 'v6'],
  armv5: ['arm', 'v5'],
  armv5l: ['arm', 'v5'],
  armv5te: ['arm', 'v5'],
  armv5tel: ['arm', 'v5'],
  armv5tejl: ['arm', 'v5'],
  arm32v5: ['arm', 'v5'],
  armv8l: ['arm', 'v8'],
  arm32v8: ['arm', 'v8'],
  ppc64el: ['ppc64le', ''],
  powerpc64le: ['ppc64le', ''],
  powerpc64: ['ppc64', ''],
  mips64el: ['mips64le', ''],
  mipsel: ['mipsle', ''],
  riscv: ['riscv64', ''],
  riscv64gc: ['riscv64', ''],
  s390: ['s390x', ''],
  loongarch64: ['loong64', ''],
  loong64le: ['loong64', ''],
};

/**
 * The canonical form, by containerd's rules (Normalize): lower case, aliases resolved, `arm` without a variant
 * is v7, `arm64/v8` and `amd64/v1` carry none, features sorted. What images and people write compare equal then.
 */
export function normalizePlatform(platform: Platform): Platform {
  const [architecture, variant] = normalizeArchitecture(platform.architecture, platform.variant);
  const features = platform['os.features'];
  const version = platform['os.version'];
  return {
    os: normalizeOs(platform.os),
    architecture,
    ...(variant === '' ? {} : { variant }),
    ...(version === undefined || version === '' ? {} : { 'os.version': version }),
    ...(features === undefined || features.length === 0 ? {} : { 'os.features': [...new Set(features)].toSorted() }),
  };
}

export function normalizeOs(os: string): string {
  const lower = os.toLowerCase();
  return lower === 'macos' ? 'darwin' : lower;
}

/** [architecture, variant]; the variant is empty for none. */
export function normalizeArchitecture(architecture: string, variant = ''): readonly [string, string] {
  const lower = architecture.toLowerCase();
  const alias = Object.hasOwn(ALIASES, lower) ? ALIASES[lower] : undefined;
  const name = alias?.[0] ?? lower;
  const fixed = lower === 'armhf' || lower === 'armel' || variant === '';
  return [name, normalizeVariant(name, fixed ? (alias?.[1] ?? '') : variant.toLowerCase())];
}

function normalizeVariant(architecture: string, variant: string): string {
  switch (architecture) {
    case '386':
      return variant === 'sse2' ? '' : variant;
    case 'amd64': {
      const versioned = /^[1-9]$/.test(variant) ? `v${variant}` : variant;
      return versioned === 'v1' ? '' : versioned;
    }
    case 'arm64': {
      const versioned = /^[89](\.\d)?$/.test(variant) ? `v${variant}` : variant;
      if (versioned === 'v8' || versioned === 'v8.0') return '';
      return versioned === 'v9.0' ? 'v9' : versioned;
    }
    case 'arm':
      if (variant === '') return 'v7';
      return /^[5-8]$/.test(variant) ? `v${variant}` : variant.replace(/^v([5-8])l$/, 'v$1');
    default:
      return variant;
  }
}

/** Every other name that is understood for an architecture. */
export function architectureAliases(): readonly string[] {
  return Object.keys(ALIASES);
}
