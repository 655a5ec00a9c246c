import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, existsSync, writeFileSync, statSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fixturePath } from './fixtures.ts';
import { findProgram, run } from './process.ts';
import { lock } from '../src/util/lock.ts';

/** A release of Debian for one architecture, as apt reads it. */
export interface DebianTarget {
  readonly suite: string;
  /** Debian's name: amd64, armhf … */
  readonly architecture: string;
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Package lists older than this are fetched again. */
const listsAgeMilliseconds = 24 * 60 * 60 * 1000;

/**
 * The Debian archive this machine uses: POLYARCH_DEBIAN_MIRROR, else the one in apt's own sources (deb822
 * or one-line), else (on Ubuntu, whose archive has other packages) the one debootstrap would take.
 */
export function debianMirror(): Promise<string> {
  mirror ??= findMirror();
  return mirror;
}

let mirror: Promise<string> | undefined;

async function findMirror(): Promise<string> {
  const given = process.env['POLYARCH_DEBIAN_MIRROR'];
  if (given !== undefined && given !== '') return given;
  // Asking apt takes seconds.
  const kept = fixturePath('apt', 'mirror');
  if (existsSync(kept) && Date.now() - statSync(kept).mtimeMs < listsAgeMilliseconds && !sourcesChanged(kept)) {
    return readFileSync(kept, 'utf8');
  }
  const listed = await run(
    ['apt-get', 'indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages', 'Component: main'],
    { allowFailure: true },
  );
  for (const line of listed.stdout.split('\n')) {
    const [uri, release] = line.trim().split(' ');
    if (uri !== undefined && /^(?:bookworm|trixie|forky|sid|stable|testing|unstable)$/.test(release ?? '')) {
      mkdirSync(fixturePath('apt'), { recursive: true });
      writeFileSync(`${kept}.${process.pid}`, uri);
      renameSync(`${kept}.${process.pid}`, kept);
      return uri;
    }
  }
  const script = '/usr/share/debootstrap/scripts/sid';
  const taken = existsSync(script) ? /^default_mirror (\S+)/m.exec(readFileSync(script, 'utf8'))?.[1] : undefined;
  if (taken !== undefined) return taken;
  throw new Error(
    "no Debian archive in apt's sources, and debootstrap is not installed to name one: set POLYARCH_DEBIAN_MIRROR",
  );
}

function sourcesChanged(since: string): boolean {
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return ['/etc/apt/sources.list', folder, ...files].some(
    (file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > statSync(since).mtimeMs,
  );
}

/** The lines of apt's own settings on how to fetch (proxies, certificates, date checks), for a private configuration. */
export async function aptAcquireSettings(): Promise<string[]> {
  const dump = await run(['apt-config', 'dump', '--format', '%F "%v";%n', 'Acquire']);
  return dump.stdout
    .split('\n')
    .filter((line) => /^Acquire::(?:https?|Retries|ForceIPv4|ForceIPv6|Check-Valid-Until|Check-Date)\b/.test(line))
    .filter((line) => !line.endsWith('"";'));
}

/** apt's environment for a private configuration of that release and architecture, with its package lists there. */
async function privateApt(target: DebianTarget): Promise<{ folder: string; env: NodeJS.ProcessEnv }> {
  const folder = fixturePath('apt', `${target.suite}-${target.architecture}`);
  for (const part of ['lists/partial', 'archives/partial', 'parts']) mkdirSync(join(folder, part), { recursive: true });
  const archive = await debianMirror();
  writeFileSync(join(folder, 'status'), '');
  writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${keyring}] ${archive} ${target.suite} main\n`);
  const settings = {
    'APT::Architecture': target.architecture,
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Dir::Etc::parts': join(folder, 'parts'),
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': join(folder, 'parts'),
    'Dir::State': folder,
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': join(folder, 'archives'),
    'Debug::NoLocking': 'true',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} "${value}";`);
  lines.push(`APT::Architectures { "${target.architecture}"; };`, ...(await aptAcquireSettings()));
  writeFileSync(join(folder, 'apt.conf'), `${lines.join('\n')}\n`);
  const env = { ...process.env, APT_CONFIG: join(folder, 'apt.conf'), LC_ALL: 'C' };

  const stamp = join(folder, 'updated');
  const fresh =
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === archive &&
    Date.now() - statSync(stamp).mtimeMs < listsAgeMilliseconds;
  if (!fresh) {
    if (findProgram('apt-get') === undefined)
      throw new Error('apt-get is not installed: bases are made from Debian packages');
    if (!existsSync(keyring)) throw new Error(`${keyring} is missing: apt-get install debian-archive-keyring`);
    await run(['apt-get', 'update', '-q'], { env });
    writeFileSync(stamp, archive);
  }
  return { folder, env };
}

/** A downloaded package. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly file: string;
}

/**
 * Downloads packages, checked by apt against the archive's signature, and gives their files: with `closure`
 * also everything they depend on (for an empty system). Kept between runs. `packages` are apt's own terms:
 * names, or patterns such as `?essential`.
 */
export async function debianPackages(
  target: DebianTarget,
  options: { packages: readonly string[]; closure?: boolean },
): Promise<DebianPackage[]> {
  using _held = await lock(fixturePath('apt', `${target.suite}-${target.architecture}.lock`));
  const planFile = join(
    fixturePath('apt', `${target.suite}-${target.architecture}`),
    `plan-${createHash('sha256').update(JSON.stringify(options)).digest('hex').slice(0, 16)}`,
  );
  const planned = await recall(planFile);
  if (planned !== undefined) return planned;
  const { folder, env } = await privateApt(target);
  const wanted = await archiveNames(env, options);
  const archives = join(folder, 'archives');
  if (!wanted.every((name) => existsSync(join(archives, name)))) {
    const verb = options.closure === true ? [...installArguments, '--download-only'] : ['download'];
    try {
      await run(['apt-get', '-q', ...verb, ...options.packages], { env, cwd: archives });
    } catch (error) {
      rmSync(join(folder, 'updated'), { force: true });
      throw error;
    }
  }
  const files = wanted.map((name) => join(archives, name));
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw new Error(`apt did not leave ${missing}`);
  writeFileSync(planFile, [await debianMirror(), ...files].join('\n'));
  return files.map(describeFile);
}

/** The packages of a plan made since the lists were last due, from the same mirror. */
async function recall(planFile: string): Promise<DebianPackage[] | undefined> {
  if (!existsSync(planFile) || Date.now() - statSync(planFile).mtimeMs > listsAgeMilliseconds) return undefined;
  const [archive, ...files] = readFileSync(planFile, 'utf8').split('\n');
  if (archive !== (await debianMirror()) || !files.every((file) => existsSync(file))) return undefined;
  return files.map(describeFile);
}

function describeFile(file: string): DebianPackage {
  const [name = '', version = ''] = basename(file).split('_');
  return { name, version: decodeURIComponent(version), file };
}

const installArguments = ['install', '--yes', '--no-install-recommends'];

/** The names apt keeps these packages' archives under: `name_version_architecture.deb`, a colon written `%3a`. */
async function archiveNames(
  env: NodeJS.ProcessEnv,
  options: { packages: readonly string[]; closure?: boolean },
): Promise<string[]> {
  if (options.closure === true) {
    const plan = await run(['apt-get', ...installArguments, '--simulate', ...options.packages], { env });
    const lines = plan.stdout.matchAll(/^Inst (\S+) \((\S+) .*\[(\S+)\]\)/gm);
    return Array.from(lines, ([, name = '', version = '', architecture = '']) => {
      return `${name.split(':')[0] ?? name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`;
    });
  }
  const uris = await run(['apt-get', 'download', '--print-uris', ...options.packages], { env });
  return Array.from(uris.stdout.matchAll(/^'[^']+' (\S+\.deb) /gm), ([, name = '']) => name);
}

/** Text that changes when any of the packages does. */
export function packagesKey(packages: readonly DebianPackage[]): string {
  const hash = createHash('sha256');
  for (const one of packages.map((item) => item.file.split('/').at(-1)).toSorted()) hash.update(`${one}\n`);
  return hash.digest('hex').slice(0, 16);
}
