import { ALPINE_LIBRARIES } from '../emulation/alpine-pairs.ts';
import {
  type AccelLevel,
  DEBIAN_ARCHITECTURES,
  type DebianArchitecture,
  LIBRARIES,
  PAIRS,
  PROVED_GO_TOOLCHAIN,
  type ToolFamily,
  type ToolPair,
} from '../emulation/pairs.ts';
import { sourceVersion, upstreamVersion } from './debian-version.ts';
import type { ArchivePackage, PackageIndex } from './package-index.ts';
import type { Release, RootSystem } from './root-system.ts';

/** What a pack is for. Equal requests have one pack. */
export interface PackRequest {
  /** The distribution's, of which the archive is asked; without it there is Go's alone. */
  readonly release?: Release;
  readonly foreign: DebianArchitecture;
  readonly native: DebianArchitecture;
  readonly level: AccelLevel;
  readonly families: readonly ToolFamily[];
  /** The root filesystem's versions of the packages that matter; those not named are taken as the archive has them now. */
  readonly installed: readonly (readonly [name: string, version: string])[];
  /** The release of Go in `/usr/local/go`, e.g. `go1.25.4`. */
  readonly go?: string;
  /** The packs at hand that were built from source. Default none. */
  readonly built?: readonly BuiltPack[];
}

/** A pack of what was built from source: `NAME VERSION` of the foreign packages whose programs it has. */
export interface BuiltPack {
  readonly id: string;
  readonly packages: readonly string[];
}

/** A foreign package with the native one whose programs run in its place. */
export interface PlannedPair {
  readonly pair: ToolPair;
  readonly foreign: ArchivePackage;
  readonly native: ArchivePackage;
}

export interface PackPlan {
  readonly pairs: readonly PlannedPair[];
  readonly libraries: readonly ArchivePackage[];
  /** Packs that go into this one. */
  readonly built: readonly string[];
  /** Why a package of the root filesystem has no counterpart: `NAME VERSION: reason`. */
  readonly skipped: readonly string[];
}

export function debianArchitecture(architecture: string): DebianArchitecture | undefined {
  return DEBIAN_ARCHITECTURES.find((one) => one.architecture === architecture);
}

/** The foreign package's name for an architecture. */
export function packageName(pair: ToolPair, foreign: DebianArchitecture): string {
  return pair.package.replace('{gnu}', foreign.gnu);
}

/** The request of a root filesystem: its system's release, and the versions of what could run native. */
export function requestOf(
  root: RootSystem,
  options: {
    readonly foreign: DebianArchitecture;
    readonly native: DebianArchitecture;
    readonly level: AccelLevel;
    readonly families: ReadonlySet<ToolFamily>;
    readonly built: readonly BuiltPack[];
  },
): PackRequest | undefined {
  const go = root.go === undefined ? {} : { go: root.go };
  const { foreign, native, level } = options;
  const { release } = root;
  if (release === undefined) {
    return root.go === undefined ? undefined : { foreign, native, level, families: [], installed: [], ...go };
  }
  const families = PAIRS.filter(
    (pair) =>
      isOf(pair, release) &&
      (options.families.has(pair.family) || root.installed.has(packageName(pair, options.foreign))),
  ).map((pair) => pair.family);
  const pairs = PAIRS.filter((pair) => isOf(pair, release));
  const names = [...pairs.map((pair) => packageName(pair, options.foreign)), ...librariesOf(release)];
  const installed = names.flatMap((name) => {
    const version = root.installed.get(name);
    return version === undefined ? [] : [[name, version] as const];
  });
  return {
    release,
    foreign,
    native,
    level,
    families: [...new Set<ToolFamily>(['base', ...families])],
    installed,
    ...go,
    ...(options.built.length === 0 ? {} : { built: options.built }),
  };
}

/** Matches the request's packages with what the archive has of both architectures. */
export function planPack(
  request: PackRequest,
  indexes: { readonly foreign: PackageIndex; readonly native: PackageIndex },
): PackPlan {
  const installed = new Map(request.installed);
  const skipped: string[] = [];
  const libraries = libraryChooser(request, indexes.native);
  const built = new Set<string>();
  const pairs = PAIRS.filter((pair) => wanted(pair, request)).flatMap((pair): PlannedPair[] => {
    const name = packageName(pair, request.foreign);
    const version = installed.get(name);
    const candidates = indexes.foreign.versions(name);
    const foreign = version === undefined ? candidates[0] : candidates.find((one) => one.version === version);
    if (foreign === undefined) {
      if (version !== undefined) skipped.push(`${name} ${version}: the archive does not have this version`);
      return [];
    }
    const proved = isProved(pair, foreign.version);
    if (pair.native === 'built') {
      const label = `${name} ${foreign.version}`;
      const pack = request.built?.find(({ packages }) => packages.includes(label));
      if (pack !== undefined && (proved || request.level === 'compatible')) built.add(pack.id);
      else if (proved)
        skipped.push(`${label}: its exact counterpart is not built (${buildCommand(pair, request, foreign)})`);
      else if (version !== undefined) skipped.push(`${label}: a counterpart is not proved`);
      return [];
    }
    const native = indexes.native.versions(name).find((one) => isCounterpart(one, foreign, pair, request.level));
    if (native === undefined || (!proved && request.level === 'exact')) {
      const why = native === undefined ? `no counterpart on ${request.native.debian}` : 'its counterpart is not proved';
      skipped.push(`${name} ${foreign.version}: ${why}`);
      return [];
    }
    const missing = libraries.add(native.depends);
    if (missing !== undefined) {
      skipped.push(`${name} ${foreign.version}: ${missing}`);
      return [];
    }
    if (pair.allocator !== undefined) libraries.add([pair.allocator.package]);
    return [{ pair, foreign, native }];
  });
  return { pairs, libraries: libraries.chosen(), built: [...built], skipped };
}

function buildCommand({ source }: ToolPair, { foreign }: PackRequest, { version }: ArchivePackage): string {
  const platform = foreign.architecture === 'arm' ? 'arm/v7' : foreign.architecture;
  return `polyarch accel make --from-source ${source ?? ''}@${version} --platform linux/${platform}`;
}

/** Whether a pair is of a release's packages. */
function isOf({ apk }: ToolPair, release: Release | undefined): boolean {
  return release !== undefined && (apk ?? false) === (release.distribution === 'alpine');
}

function isProved(pair: ToolPair, version: string): boolean {
  return (pair.proved?.versions?.includes(sourceVersion(version)) ?? true) && isProvedUpstream(pair, version);
}

function isProvedUpstream({ proved }: ToolPair, version: string): boolean {
  return proved?.upstream?.includes(upstreamVersion(version)) ?? true;
}

function librariesOf(release: Release | undefined): ReadonlySet<string> {
  return release?.distribution === 'alpine' ? ALPINE_LIBRARIES : LIBRARIES;
}

/** Whether any tool of a request's architectures may run native at its level. */
export function hasPairs(request: PackRequest): boolean {
  return hasTools(request) || hasGo(request);
}

/** The same of the distribution's tools. */
export function hasTools(request: PackRequest): boolean {
  return PAIRS.some((pair) => wanted(pair, request));
}

/** Whether the tools of the Go in `/usr/local/go` may run native: before Go 1.21 nothing shows that they give the same bytes. */
export function hasGo({ go, foreign, level }: PackRequest): boolean {
  if (go === undefined) return false;
  const minor = Number(go.split(/[.a-z]+/)[2]);
  return level === 'compatible' || (minor >= 21 && PROVED_GO_TOOLCHAIN.includes(foreign.debian));
}

function wanted(pair: ToolPair, request: PackRequest): boolean {
  const { families, level, foreign, native, release, installed } = request;
  if (!isOf(pair, release) || !families.includes(pair.family)) return false;
  if (level === 'exact' && pair.level !== 'exact') return false;
  if (pair.native !== undefined && pair.native !== 'same' && native.debian === foreign.debian) return false;
  if (level === 'compatible') return true;
  // No index has to be read to know that.
  const [, version] = installed.find(([name]) => name === packageName(pair, foreign)) ?? [];
  if (version !== undefined && !isProvedUpstream(pair, version)) return false;
  return pair.proved?.architectures?.includes(foreign.debian) ?? true;
}

/** A rebuild of the same source (+bN) is the same; for `compatible`, any revision of the same upstream version. */
function isCounterpart(native: ArchivePackage, foreign: ArchivePackage, pair: ToolPair, level: AccelLevel): boolean {
  const version = pair.native === 'cross' ? native.version.replace(/cross\d+$/, '') : native.version;
  if (pair.native === 'cross' && version === native.version) return false;
  return level === 'exact'
    ? sourceVersion(version) === sourceVersion(foreign.version)
    : upstreamVersion(version) === upstreamVersion(foreign.version);
}

/** Chooses one version of each library: the root filesystem's for `exact`, else the archive's newest. */
function libraryChooser(request: PackRequest, native: PackageIndex) {
  const installed = new Map(request.installed);
  const known = librariesOf(request.release);
  const chosen = new Map<string, ArchivePackage>();
  const choose = (name: string): ArchivePackage | string => {
    const version = request.level === 'exact' ? installed.get(name) : undefined;
    const candidates = native.versions(name);
    const found =
      version === undefined
        ? candidates[0]
        : candidates.find((one) => sourceVersion(one.version) === sourceVersion(version));
    return found ?? `it needs ${name} ${version ?? ''}, which ${request.native.debian}'s archive does not have`;
  };
  const closure = (names: readonly string[], into: Map<string, ArchivePackage>): string | undefined => {
    for (const name of names) {
      if (!known.has(name) || chosen.has(name) || into.has(name)) continue;
      const found = choose(name);
      if (typeof found === 'string') return found;
      into.set(name, found);
      const missing = closure(found.depends, into);
      if (missing !== undefined) return missing;
    }
    return undefined;
  };
  return {
    /** Takes the packages that are libraries, and what they need; why not, when something is missing. */
    add: (names: readonly string[]): string | undefined => {
      const more = new Map<string, ArchivePackage>();
      const missing = closure(names, more);
      if (missing === undefined) for (const [name, found] of more) chosen.set(name, found);
      return missing;
    },
    chosen: (): readonly ArchivePackage[] => [...chosen.values()],
  };
}
