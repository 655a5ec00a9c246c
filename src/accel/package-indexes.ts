import { PolyarchError } from '../util/error.ts';
import { machineKeys, KEY_FOLDERS, trustedKeys } from './alpine-keys.ts';
import { apkIndex, readSignedIndex } from './apk-index.ts';
import { archiveIndexes, suitesOf } from './archive-indexes.ts';
import { type HttpGet, fetchSmall } from './downloads.ts';
import type { PackageIndex } from './package-index.ts';
import type { PackRequest } from './plan-pack.ts';
import { isDebRelease, type Release, type RootSystem, readRootSystem } from './root-system.ts';
import { findTrust } from './trusted-release.ts';

/** Alpine's largest index, packed, is a tenth of this. */
const MAX_APKINDEX = 32 * 1024 * 1024;

type IndexesRequest = Pick<PackRequest, 'foreign' | 'native'> & { readonly release: Release };

export interface IndexesOptions {
  readonly root: RootSystem;
  readonly get: HttpGet;
  /** Where downloads are kept. */
  readonly folder: string;
  /** Where a person puts keys of Alpine repositories of his own. */
  readonly keys: string;
  /** PATH, for what checks signatures. */
  readonly path: string | undefined;
  readonly signal?: AbortSignal;
}

/**
 * What the distribution's archive has for a request's two architectures, by its signed indexes.
 *
 * @throws PolyarchError ACCEL_UNAVAILABLE, ACCEL_UNTRUSTED, HTTP_STATUS, HTTP_UNREACHABLE
 */
export async function packageIndexes(
  request: IndexesRequest,
  options: IndexesOptions,
): Promise<{ readonly foreign: PackageIndex; readonly native: PackageIndex }> {
  const { release } = request;
  if (!isDebRelease(release)) return apkIndexes(request, options);
  const { foreign, native } = request;
  const trust = findTrust(release.distribution, options.path);
  const host = readRootSystem('/');
  const suites = suitesOf(release, { host: host.sources, hostRelease: host.release, root: options.root.sources });
  if (suites.length === 0)
    throw new PolyarchError('ACCEL_UNAVAILABLE', `no apt source names an archive of ${release.codename}`);
  const indexes = await archiveIndexes(suites, [foreign.debian, native.debian], { ...options, release, trust });
  const [foreignIndex, nativeIndex] = [indexes.get(foreign.debian), indexes.get(native.debian)];
  if (foreignIndex === undefined || nativeIndex === undefined) throw new Error('an index of each architecture');
  return { foreign: foreignIndex, native: nativeIndex };
}

/** Alpine's mirrors are the root filesystem's own, whosever they are; its keys count where polyarch knows them. */
async function apkIndexes(
  { foreign, native, release }: IndexesRequest,
  { root, keys: own, ...options }: IndexesOptions,
): Promise<{ readonly foreign: PackageIndex; readonly native: PackageIndex }> {
  const { repositories = [], keys: rootKeys = new Map<string, string>() } = root.apk ?? {};
  if (repositories.length === 0)
    throw new PolyarchError('ACCEL_UNAVAILABLE', `/etc/apk/repositories names no mirror of Alpine ${release.codename}`);
  const keys = trustedKeys({ root: rootKeys, machine: machineKeys([...KEY_FOLDERS, own]) });
  const [foreignIndex, nativeIndex] = await Promise.all(
    [foreign, native].map(async ({ alpine }) => {
      const texts = repositories.map(async (repository) => {
        const archive = `${repository}${alpine}/`;
        const name = `${archive}APKINDEX.tar.gz`;
        const bytes = await fetchSmall(name, { ...options, limit: MAX_APKINDEX });
        return { archive, text: await readSignedIndex(bytes, { ...options, keys, name }) };
      });
      return apkIndex(await Promise.all(texts), alpine);
    }),
  );
  if (foreignIndex === undefined || nativeIndex === undefined) throw new Error('an index of each architecture');
  return { foreign: foreignIndex, native: nativeIndex };
}
