import { PLATFORM_NAMES } from '../oci/platform-names.ts';
import { type Platform, formatPlatform } from '../oci/platform.ts';
import type { Dockerfile, Instruction } from './ast.ts';

/*
 * `Dockerfile.cross`: what docker-multiarch-builder's build.sh (github.com/lobradov) makes a Dockerfile of for each
 * architecture, before there were multi-platform builds.
 */

const MARKS = /^\s*FROM\b.*__BASEIMAGE_ARCH__|^\s*(?:COPY|ADD)\b.*__QEMU_ARCH__|^\s*__CROSS_/im;

export function isCrossTemplate(text: string): boolean {
  return MARKS.test(text);
}

/**
 * Fills in a template. Lines with `__CROSS_` are for foreign platforms only; natively a comment takes their place, so
 * that lines keep their numbers.
 */
export function fillCrossTemplate(
  text: string,
  { platform, buildPlatform }: { platform: Platform; buildPlatform: Platform },
): string {
  const native = platform.os === buildPlatform.os && platform.architecture === buildPlatform.architecture;
  return text
    .replaceAll('__BASEIMAGE_ARCH__', hubArchitecture(platform))
    .replaceAll('__QEMU_ARCH__', qemuArchitecture(platform))
    .split('\n')
    .map((line) => (native && line.includes('__CROSS_') ? '#' : line.replaceAll('__CROSS_', '')))
    .join('\n');
}

/** Names of Docker Hub's users that hold the images of one architecture. */
export const HUB_ARCHITECTURE = /^(?:amd64|arm32v[567]|arm64v8|i386|mips64le|ppc64le|riscv64|s390x)$/;

/** `arm32v7`, `arm64v8`, `i386` …: how Docker Hub's users for one architecture are called. */
function hubArchitecture({ architecture, variant }: Platform): string {
  switch (architecture) {
    case 'arm':
      return `arm32${variant ?? 'v7'}`;
    case 'arm64':
      return 'arm64v8';
    case '386':
      return 'i386';
    default:
      return architecture;
  }
}

function qemuArchitecture(platform: Platform): string {
  const { os, architecture } = platform;
  const names = new Set([formatPlatform(platform), formatPlatform({ os, architecture })]);
  return PLATFORM_NAMES.find(({ docker }) => names.has(docker))?.qemu ?? architecture;
}

const EMULATOR = /(?:^|\/)qemu-[a-z0-9_]+-static$/;

export interface WithoutEmulators {
  readonly dockerfile: Dockerfile;
  /** What was left out, and where it stood. */
  readonly removed: readonly { readonly source: string; readonly line: number }[];
}

/** Takes `qemu-*-static` out of COPY and ADD where the context does not have it: no step needs it in the image. */
export function withoutMissingEmulators(dockerfile: Dockerfile, has: (path: string) => boolean): WithoutEmulators {
  const removed: { source: string; line: number }[] = [];
  const kept = (instruction: Instruction): Instruction[] => {
    if (instruction.kind !== 'add' && instruction.kind !== 'copy') return [instruction];
    if (instruction.kind === 'copy' && instruction.from !== '') return [instruction];
    const missing = instruction.sources.filter((source) => EMULATOR.test(source) && !has(source));
    if (missing.length === 0) return [instruction];
    for (const source of missing) removed.push({ source, line: instruction.location.startLine });
    const sources = instruction.sources.filter((source) => !missing.includes(source));
    return sources.length + instruction.inline.length === 0 ? [] : [{ ...instruction, sources }];
  };
  const stages = dockerfile.stages.map((stage) => ({ ...stage, instructions: stage.instructions.flatMap(kept) }));
  return { dockerfile: { ...dockerfile, stages }, removed };
}
