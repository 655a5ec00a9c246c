import type { AptSource } from './apt-sources.ts';
import type { Release } from './root-system.ts';

/** The apt sources that there are. */
interface KnownSources {
  /** This machine's. */
  readonly host: readonly AptSource[];
  readonly hostRelease: Release | undefined;
  /** The root filesystem's. */
  readonly root: readonly AptSource[];
}

/**
 * The suites to ask for a release's packages: its own, its updates and its security, each as this machine's sources or
 * the root filesystem's have them. A machine of another release of the same distribution names the same archives.
 */
export function suitesOf(release: Release, { root, ...sources }: KnownSources): readonly AptSource[] {
  const found = new Map<string, AptSource>();
  const host = hostSources(release, sources);
  for (const source of [...host, ...root]) {
    if (!suiteNames(release).includes(source.suite)) continue;
    const known = host.some(({ suite }) => suite === source.suite);
    // The root filesystem's mirrors only where this machine names none.
    if (!known || host.includes(source)) found.set(`${source.uri} ${source.suite}`, source);
  }
  return [...found.values()];
}

function suiteNames({ codename }: Release): readonly string[] {
  return ['', '-updates', '-security'].map((kind) => `${codename}${kind}`);
}

/** This machine's sources, for a release of its own distribution. */
function hostSources(
  { codename, distribution }: Release,
  { host, hostRelease: own }: Omit<KnownSources, 'root'>,
): readonly AptSource[] {
  if (own?.distribution !== distribution) return [];
  return host.map((one) => ({ ...one, suite: one.suite.replace(new RegExp(`^${own.codename}(?=-|$)`), codename) }));
}

/** The suites for the packages of a foreign architecture and of this machine's own; one list where they are the same. */
export interface PairSuites {
  readonly foreign: readonly AptSource[];
  readonly native: readonly AptSource[];
}

/** Where Ubuntu has these architectures, and where all others. What is signed in either place names the indexes of both. */
const UBUNTU_MAIN = { architectures: ['amd64', 'i386'], uri: 'http://archive.ubuntu.com/ubuntu/' };
const UBUNTU_PORTS = 'http://ports.ubuntu.com/ubuntu-ports/';

/**
 * The suites to ask for the packages of a foreign architecture and of this machine's own. Debian's are the same. Ubuntu has an
 * archive for each: the root filesystem's sources are for the foreign one, this machine's for its own, and where it is no Ubuntu, Ubuntu's
 * own server is.
 */
export function suitesFor(
  release: Release,
  sources: KnownSources,
  { foreign, native }: { readonly foreign: string; readonly native: string },
): PairSuites {
  if (release.distribution !== 'ubuntu') {
    const both = suitesOf(release, sources);
    return { foreign: both, native: both };
  }
  const names = suiteNames(release);
  const among = (known: readonly AptSource[], architecture: string): readonly AptSource[] => {
    const own = known.filter(({ suite }) => names.includes(suite));
    if (own.length > 0) return own;
    const uri = UBUNTU_MAIN.architectures.includes(architecture) ? UBUNTU_MAIN.uri : UBUNTU_PORTS;
    return names.map((suite) => ({ uri, suite, components: ['main', 'universe'] }));
  };
  return { foreign: among(sources.root, foreign), native: among(hostSources(release, sources), native) };
}
