import { PAIRS, type ToolPair } from '../emulation/pairs.ts';
import { PolyarchError } from '../util/error.ts';
import { type IndexOptions, archiveIndexes, sourceIndexes } from './archive-indexes.ts';
import { suitesOf } from './archive-suites.ts';
import { fetchKnown, fetchPackage } from './downloads.ts';
import { debDataFile } from './make-pack.ts';
import type { ArchivePackage } from './package-index.ts';
import { packageName, type PackRequest } from './plan-pack.ts';
import { readRootSystem } from './root-system.ts';
import { findSource } from './source-package.ts';

export interface SourceName {
  /** e.g. `gcc-12` */
  readonly name: string;
  /** In full, e.g. `12.2.0-14+deb12u1`. */
  readonly version: string;
}

/** A source package, and the foreign packages that the distribution made of it. */
export interface SourceSet {
  /** Places of the source's files, by name. */
  readonly files: ReadonlyMap<string, string>;
  readonly binaries: readonly { readonly pair: ToolPair; readonly foreign: ArchivePackage; readonly deb: string }[];
}

/** The source packages that packs can be built of. */
export const BUILDABLE: readonly string[] = [...new Set(PAIRS.flatMap(({ source }) => source ?? []))];

/**
 * Fetches a source package and the foreign packages of the same version, checked by the archive's signed indexes.
 *
 * @throws PolyarchError ACCEL_UNAVAILABLE where the archive does not have that version
 */
export async function fetchSourceSet(
  { name, version }: SourceName,
  { foreign }: Pick<PackRequest, 'foreign'>,
  options: IndexOptions,
): Promise<SourceSet> {
  const host = readRootSystem('/');
  const suites = suitesOf(options.release, { host: host.sources, hostRelease: host.release, root: [] });
  const where = options.release.codename;
  if (suites.length === 0) throw unavailable(`no apt source of this machine names an archive of ${where}`);
  const [sources, indexes] = await Promise.all([
    sourceIndexes(suites, options),
    archiveIndexes(suites, [foreign.debian], options),
  ]);
  const source = findSource({ name, version }, sources);
  if (!('files' in source)) {
    const known = source.length === 0 ? 'none' : [...new Set(source)].join(', ');
    throw unavailable(`the archive of ${where} has no source of ${name} ${version}; of ${name} it has ${known}`);
  }
  const files = new Map<string, string>();
  for (const [file, download] of source.files) files.set(file, await fetchKnown(download, options));
  const binaries: SourceSet['binaries'][number][] = [];
  for (const pair of PAIRS.filter((one) => one.source === name)) {
    const label = packageName(pair, foreign);
    const found = indexes
      .get(foreign.debian)
      ?.versions(label)
      .find((one) => one.version === version);
    if (found === undefined)
      throw unavailable(`the archive of ${where} has no ${label} ${version} for ${foreign.debian}`);
    const deb = await fetchPackage(found, options);
    binaries.push({ pair, foreign: found, deb });
  }
  return { files, binaries };
}

/** The bytes of the first program of a set whose name ends so. */
export async function programOf({ binaries }: SourceSet, end: string): Promise<Buffer> {
  for (const { deb } of binaries) {
    const found = await debDataFile(deb, (path) => path.endsWith(end));
    if (found !== undefined) return found;
  }
  throw unavailable(`no package of it has a program *${end}`);
}

function unavailable(message: string): PolyarchError {
  return new PolyarchError('ACCEL_UNAVAILABLE', message);
}
