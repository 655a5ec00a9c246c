import { readFileSync, readdirSync, statSync } from 'node:fs';
import { resolveInRoot } from '../snapshot/rooted-path.ts';
import { KEY_FOLDERS } from './alpine-keys.ts';
import { type ApkSystem, alpineRelease, parseApkInstalled, parseRepositories } from './apk-system.ts';
import { type AptSource, parseAptSources } from './apt-sources.ts';
import { parseParagraphs } from './deb822.ts';

/** A distribution's release that packs can be made for. */
export interface Release<Of extends Distribution = Distribution> {
  readonly distribution: Of;
  /** e.g. `bookworm`; of Alpine `v3.20` or `edge` */
  readonly codename: string;
}

/** e.g. `debian bookworm`, as in a pack's record. */
export function releaseName({ distribution, codename }: Release): string {
  return `${distribution} ${codename}`;
}

/** The distributions with dpkg and apt. */
export type DebDistribution = 'debian' | 'ubuntu';

export type Distribution = DebDistribution | 'alpine';

/** Whether a release is one of apt's archives. */
export function isDebRelease(release: Release): release is Release<DebDistribution> {
  return release.distribution !== 'alpine';
}

/** What a root filesystem says of itself; none of it is trusted. */
export interface RootSystem {
  readonly release: Release | undefined;
  /** The installed packages' versions by `NAME` (dpkg's `NAME:ARCHITECTURE` is no other name). */
  readonly installed: ReadonlyMap<string, string>;
  readonly sources: readonly AptSource[];
  /** The release of Go in `/usr/local/go`, e.g. `go1.25.4`. */
  readonly go: string | undefined;
  /** Of Alpine. */
  readonly apk?: ApkSystem;
}

/** dpkg's database of a very full system is a fifth of this. */
const MAX_FILE = 64 * 1024 * 1024;
const MAX_SOURCES = 100;

/**
 * Reads os-release(5), and dpkg's status and apt's sources or what apk has of them, of the system in the folder `root`; `/` is
 * this machine's.
 */
export function readRootSystem(root: string): RootSystem {
  const read = (path: string) => readText(root, path);
  const release = parseRelease(read('/etc/os-release') ?? read('/usr/lib/os-release') ?? '');
  const go = parseGoVersion(read('/usr/local/go/VERSION') ?? '');
  if (release?.distribution === 'alpine') {
    return {
      release,
      installed: parseApkInstalled(read('/lib/apk/db/installed') ?? read('/usr/lib/apk/db/installed') ?? ''),
      sources: [],
      go,
      apk: {
        repositories: parseRepositories(read('/etc/apk/repositories') ?? ''),
        keys: new Map(KEY_FOLDERS.flatMap((folder) => keyFiles(root, folder))),
      },
    };
  }
  return {
    release,
    installed: parseStatus(read('/var/lib/dpkg/status') ?? ''),
    sources: [...parseAptSources(read('/etc/apt/sources.list') ?? '', 'list'), ...sourceParts(root)],
    go,
  };
}

/** The release that a Go distribution's VERSION file names; undefined for a development version. */
export function parseGoVersion(text: string): string | undefined {
  return /^(go1\.\d+(?:\.\d+)?(?:(?:rc|beta)\d+)?)(?:\s|$)/.exec(text)?.[1];
}

/** The release of an os-release(5); undefined where it is no Debian, Ubuntu or Alpine, or has no codename. */
export function parseRelease(text: string): Release | undefined {
  const field = (name: string) => new RegExp(`^${name}=["']?([a-z0-9.]+)["']?\\s*$`, 'm').exec(text)?.[1];
  const id = field('ID');
  if (id === 'alpine') return alpineRelease(/^VERSION_ID=["']?([\w.]+)/m.exec(text)?.[1] ?? '');
  const codename = field('VERSION_CODENAME');
  if ((id !== 'debian' && id !== 'ubuntu') || codename === undefined) return undefined;
  return { distribution: id, codename };
}

/** The versions of the packages that dpkg's status says are installed (or unpacked), by name. */
export function parseStatus(text: string): ReadonlyMap<string, string> {
  const installed = new Map<string, string>();
  for (const paragraph of parseParagraphs(text)) {
    const [name, version] = [paragraph.get('package'), paragraph.get('version')];
    const there = !/(not-installed|config-files|half-installed)$/.test(paragraph.get('status') ?? '');
    if (name !== undefined && version !== undefined && there) installed.set(name, version);
  }
  return installed;
}

function keyFiles(root: string, folder: string): (readonly [name: string, text: string])[] {
  return namesIn(root, folder)
    .filter((name) => name.endsWith('.pub'))
    .map((name) => [name, readText(root, `${folder}/${name}`) ?? ''] as const);
}

/** The first names in a folder, sorted. */
function namesIn(root: string, folder: string): readonly string[] {
  try {
    return readdirSync(resolveInRoot(root, folder)).toSorted().slice(0, MAX_SOURCES);
  } catch {
    return []; // There is no such folder.
  }
}

function sourceParts(root: string): AptSource[] {
  return namesIn(root, '/etc/apt/sources.list.d').flatMap((name) => {
    const style = /\.(list|sources)$/.exec(name)?.[1];
    if (style !== 'list' && style !== 'sources') return [];
    return parseAptSources(readText(root, `/etc/apt/sources.list.d/${name}`) ?? '', style);
  });
}

function readText(root: string, path: string): string | undefined {
  try {
    const file = resolveInRoot(root, path);
    const facts = statSync(file);
    return facts.isFile() && facts.size <= MAX_FILE ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
