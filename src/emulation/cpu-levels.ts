import { readFileSync } from 'node:fs';
import type { Platform } from '../oci/platform.ts';
import { hostArchitecture } from './native.ts';

/** A variant of an architecture: what it is built on, and what its programs may use besides. */
interface CpuLevel {
  readonly variant: string;
  readonly above?: readonly string[];
  /** In Linux's words (/proc/cpuinfo). */
  readonly features: readonly string[];
}

/** x86-64 psABI, "Micro-Architecture Levels"; Arm Architecture Reference Manual, A2, what each version made mandatory. */
const LEVELS: Readonly<Record<string, readonly CpuLevel[]>> = {
  amd64: [
    { variant: 'v2', features: ['cx16', 'lahf_lm', 'popcnt', 'pni', 'sse4_1', 'sse4_2', 'ssse3'] },
    {
      variant: 'v3',
      above: ['v2'],
      features: ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave'],
    },
    { variant: 'v4', above: ['v3'], features: ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'] },
  ],
  arm64: [
    { variant: 'v8.1', features: ['atomics', 'asimdrdm', 'crc32'] },
    { variant: 'v8.2', above: ['v8.1'], features: ['dcpop'] },
    { variant: 'v8.3', above: ['v8.2'], features: ['fcma', 'jscvt', 'lrcpc'] },
    { variant: 'v8.4', above: ['v8.3'], features: ['asimddp', 'dit', 'flagm', 'ilrcpc', 'uscat'] },
    { variant: 'v8.5', above: ['v8.4'], features: ['flagm2', 'frint', 'sb'] },
    { variant: 'v8.6', above: ['v8.5'], features: ['bf16', 'i8mm'] },
    { variant: 'v8.7', above: ['v8.6'], features: ['wfxt'] },
    { variant: 'v8.8', above: ['v8.7'], features: ['mops'] },
    { variant: 'v8.9', above: ['v8.8'], features: ['cssc'] },
    { variant: 'v9', above: ['v8.5'], features: ['sve2'] },
    { variant: 'v9.1', above: ['v9', 'v8.6'], features: [] },
    { variant: 'v9.2', above: ['v9.1', 'v8.7'], features: [] },
    { variant: 'v9.3', above: ['v9.2', 'v8.8'], features: [] },
    { variant: 'v9.4', above: ['v9.3', 'v8.9'], features: [] },
  ],
};

export interface CpuFacts {
  /** Go's name of this machine's architecture. */
  readonly host: string;
  /** The text of /proc/cpuinfo. */
  readonly cpuinfo: string;
}

/**
 * What this machine's CPU lacks of its own architecture's variant; nothing for another architecture, whose emulator has
 * a CPU of its own. Such a platform still runs natively: no emulator can be registered for the architecture of all the
 * other programs of a build, and most images of a variant hold programs of the plain architecture.
 */
export function missingFeatures(
  { architecture, variant = '' }: Pick<Platform, 'architecture' | 'variant'>,
  { host, cpuinfo }: CpuFacts = cpuFacts(),
): readonly string[] {
  if (architecture !== host) return [];
  const processors = [...cpuinfo.matchAll(/^(?:flags|Features)\s*:(.*)$/gm)].map(
    ([, words = '']) => new Set(words.trim().split(/\s+/)),
  );
  return [...features(LEVELS[architecture] ?? [], variant)].filter((name) =>
    processors.some((processor) => !processor.has(name)),
  );
}

function features(levels: readonly CpuLevel[], variant: string): ReadonlySet<string> {
  const level = levels.find((one) => one.variant === variant);
  const below = level?.above?.flatMap((name) => [...features(levels, name)]) ?? [];
  return new Set([...below, ...(level?.features ?? [])]);
}

/** This machine's; its CPU lacks nothing where Linux does not say. */
export function cpuFacts(): CpuFacts {
  const host = hostArchitecture();
  try {
    return { host, cpuinfo: readFileSync('/proc/cpuinfo', 'utf8') };
  } catch {
    return { host, cpuinfo: '' };
  }
}
