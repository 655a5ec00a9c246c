import { PolyarchError } from '../util/error.ts';
import { editDistance } from '../util/nearest.ts';
import type { Platform } from './platform.ts';
import { KNOWN_ARCHITECTURES, KNOWN_OS, PLATFORM_NAMES } from './platform-names.ts';
import { architectureAliases, normalizeArchitecture, normalizeOs, normalizePlatform } from './platform-normal.ts';

const OS_PART = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$/;
const PART = /^[A-Za-z0-9_.-]+$/;

const MAX_LENGTH = 256;

/** Variants that exist; other architectures take any. */
const VARIANTS: Readonly<Record<string, RegExp>> = {
  amd64: /^(?:|v[2-4])$/,
  arm: /^v[5-8]$/,
  arm64: /^(?:|v8\.[1-9]|v9(?:\.[1-7])?)$/,
};

export interface ParsePlatformOptions {
  /** Fills in what is left out, and is what `local` means. Default: this process's platform. */
  readonly local?: Platform;
  /** Take operating systems and architectures that nobody knows, as containerd does. Default false. */
  readonly allowUnknown?: boolean;
}

/**
 * Parses `OS`, `ARCH`, `OS/ARCH` or `OS/ARCH/VARIANT`, the OS with `(VERSION+FEATURE…)` if wanted, and `local`.
 * Names are taken as containerd's platforms.Parse takes them, with more aliases, and the result is in canonical
 * form (`normalizePlatform`). Fails with UNKNOWN_PLATFORM, naming the nearest ones.
 */
export function parsePlatform(text: string, options: ParsePlatformOptions = {}): Platform {
  const local = options.local ?? localPlatform();
  if (text === 'local') return normalizePlatform(local);
  if (text.length > MAX_LENGTH) throw unknown(text, `it has ${text.length} characters`);
  const parts = text.split('/');
  const [first = '', second, third] = parts;
  const os = OS_PART.exec(first);
  if (os === null || parts.length > 3 || parts.slice(1).some((part) => !PART.test(part))) {
    throw unknown(text, 'it is not OS/ARCHITECTURE[/VARIANT]');
  }
  const name = normalizeOs(os[1] ?? '');
  const extra = osOptions(text, os[2] ?? '', os[3] ?? '');
  if (second !== undefined) {
    const [architecture, variant] = normalizeArchitecture(second, third);
    return checked(text, { os: name, architecture, variant, ...extra }, options);
  }
  if (KNOWN_OS.has(name)) {
    return normalizePlatform({ ...local, os: name, ...extra });
  }
  const [architecture, variant] = normalizeArchitecture(first);
  return checked(text, { os: normalizeOs(local.os), architecture, variant }, { ...options, allowUnknown: false });
}

/** A list as `--platform` takes it: comma-separated and repeated, `local` too; each platform once, in order. */
export function parsePlatforms(texts: string | readonly string[], options: ParsePlatformOptions = {}): Platform[] {
  const list = typeof texts === 'string' ? [texts] : texts;
  const words = list.flatMap((text) => text.split(',')).map((word) => word.trim());
  const found = new Map<string, Platform>();
  for (const word of words) {
    if (word === '') continue;
    const platform = parsePlatform(word, options);
    const key = formatPlatformFull(platform);
    if (!found.has(key)) found.set(key, platform);
  }
  return [...found.values()];
}

/** `linux/arm/v7`; without the OS's version and features. */
export function formatPlatform(platform: Platform): string {
  if (platform.os === '') return 'unknown';
  return [platform.os, platform.architecture, platform.variant]
    .filter((part) => part !== undefined && part !== '')
    .join('/');
}

/** `windows(10.0.17763+win32k)/amd64`: with the OS's version and features. */
export function formatPlatformFull(platform: Platform): string {
  const version = platform['os.version'] ?? '';
  const features = [...new Set(platform['os.features'])].toSorted().filter((feature) => feature !== '');
  if (platform.os === '' || (version === '' && features.length === 0)) return formatPlatform(platform);
  const inside = [encodeOption(version), ...features.map((feature) => encodeOption(feature))].join('+');
  return formatPlatform({ ...platform, os: `${platform.os}(${inside})` });
}

/** Node's names → Go's. Default: this process's. `variant` is the ARM version (`v6`) where that is known. */
export function localPlatform(
  machine: { platform?: string; arch?: string; variant?: string; littleEndian?: boolean } = {},
): Platform {
  const little = machine.littleEndian ?? new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  const arch = machine.arch ?? process.arch;
  const names: Readonly<Record<string, string>> = {
    x64: 'amd64',
    ia32: '386',
    ppc64: little ? 'ppc64le' : 'ppc64',
    mips: 'mips',
    mipsel: 'mipsle',
  };
  const os = machine.platform ?? process.platform;
  return normalizePlatform({
    os: os === 'win32' ? 'windows' : os === 'sunos' ? 'solaris' : os,
    architecture: names[arch] ?? arch,
    ...(machine.variant === undefined ? {} : { variant: machine.variant }),
  });
}

function osOptions(text: string, version: string, features: string): Partial<Platform> {
  const decode = (value: string): string => {
    try {
      return decodeURIComponent(value);
    } catch {
      throw unknown(text, `"${value}" is not percent-encoded rightly`);
    }
  };
  const list = features.split('+').filter((feature) => feature !== '');
  return {
    ...(version === '' ? {} : { 'os.version': decode(version) }),
    ...(list.length === 0 ? {} : { 'os.features': list.map((feature) => decode(feature)) }),
  };
}

function encodeOption(value: string): string {
  return value.replace(/[%+()/]/g, (char) => encodeURIComponent(char).replace('(', '%28').replace(')', '%29'));
}

function checked(text: string, platform: Platform, options: ParsePlatformOptions): Platform {
  const normal = normalizePlatform(platform);
  if (options.allowUnknown === true) return normal;
  if (!KNOWN_OS.has(normal.os)) throw unknown(text, `"${normal.os}" is not an operating system that is known`);
  if (!KNOWN_ARCHITECTURES.has(normal.architecture)) {
    throw unknown(text, `"${normal.architecture}" is not an architecture that is known`);
  }
  const variants = VARIANTS[normal.architecture];
  if (variants !== undefined && !variants.test(normal.variant ?? '')) {
    throw unknown(text, `${normal.architecture} has no variant "${normal.variant}"`);
  }
  return normal;
}

function unknown(text: string, reason: string): PolyarchError {
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  const near = nearest(text);
  return new PolyarchError('UNKNOWN_PLATFORM', `"${shown}" is not a platform: ${reason}`, {
    hint:
      near.length === 0
        ? `known are ${PLATFORM_NAMES.map((names) => names.docker).join(', ')}`
        : `did you mean ${near.join(' or ')}?`,
    details: { platform: shown, nearest: near },
  });
}

/** Up to three canonical names whose own or other name is closest to the text. */
function nearest(text: string): string[] {
  const word = text.slice(0, 40).toLowerCase();
  const candidates = new Map<string, string>();
  for (const { docker } of PLATFORM_NAMES) {
    candidates.set(docker, docker);
    candidates.set(docker.slice('linux/'.length), docker);
  }
  for (const alias of architectureAliases()) {
    const [architecture, variant] = normalizeArchitecture(alias);
    const docker = formatPlatform({ os: 'linux', architecture, variant });
    if (!candidates.has(docker)) continue;
    candidates.set(alias, docker);
    candidates.set(`linux/${alias}`, docker);
  }
  const limit = Math.max(2, Math.floor(word.length / 3));
  const scored = [...candidates].map(([name, docker]) => ({ docker, distance: editDistance(word, name, limit + 1) }));
  const best = Math.min(...scored.map(({ distance }) => distance));
  if (best > limit) return [];
  return [...new Set(scored.filter(({ distance }) => distance === best).map(({ docker }) => docker))].slice(0, 3);
}
