import { PolyarchError, hasCode, messageOf } from '../util/error.ts';
import { machineKeys, KEY_FOLDERS, trustedKeys } from './alpine-keys.ts';
import { apkIndex, readSignedIndex } from './apk-index.ts';
import { pairIndexes } from './archive-indexes.ts';
import { suitesFor } from './archive-suites.ts';
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

interface Indexes {
  readonly foreign: PackageIndex;
  readonly native: PackageIndex;
  /** Why repositories were passed over. */
  readonly lost: readonly string[];
}

/**
 * What the distribution's archive has for a request's two architectures, by its signed indexes.
 *
 * @throws PolyarchError ACCEL_UNAVAILABLE, ACCEL_UNTRUSTED, HTTP_STATUS, HTTP_UNREACHABLE
 */
export async function packageIndexes(request: IndexesRequest, options: IndexesOptions): Promise<Indexes> {
  const { release } = request;
  if (!isDebRelease(release)) return apkIndexes(request, options);
  const { foreign, native } = request;
  const trust = findTrust(release.distribution, options.path);
  const host = readRootSystem('/');
  const sources = { host: host.sources, hostRelease: host.release, root: options.root.sources };
  const names = { foreign: foreign.debian, native: native.debian };
  const suites = suitesFor(release, sources, names);
  if (suites.foreign.length === 0)
    throw new PolyarchError('ACCEL_UNAVAILABLE', `no apt source names an archive of ${release.codename}`);
  return { ...(await pairIndexes(suites, names, { ...options, release, trust })), lost: [] };
}

/** Alpine's mirrors are the root filesystem's own, whosever they are; its keys count where polyarch knows them. */
async function apkIndexes(
  { foreign, native, release }: IndexesRequest,
  { root, keys: own, ...options }: IndexesOptions,
): Promise<Indexes> {
  const { repositories = [], keys: rootKeys = new Map<string, string>() } = root.apk ?? {};
  if (repositories.length === 0)
    throw new PolyarchError('ACCEL_UNAVAILABLE', `/etc/apk/repositories names no mirror of Alpine ${release.codename}`);
  const keys = trustedKeys({ root: rootKeys, machine: machineKeys([...KEY_FOLDERS, own]) });
  // By repository.
  const [lost, missing] = [new Map<string, unknown>(), new Map<string, unknown>()];
  const [foreignIndex, nativeIndex] = await Promise.all(
    [foreign, native].map(async ({ alpine }) => {
      const texts = repositories.map(async (repository) => {
        const archive = `${repository}${alpine}/`;
        const name = `${archive}APKINDEX.tar.gz`;
        try {
          const bytes = await fetchSmall(name, { ...options, limit: MAX_APKINDEX });
          return [{ archive, text: await readSignedIndex(bytes, { ...options, keys, name }) }];
        } catch (error) {
          // A repository of somebody else's in the image takes nothing from Alpine's, nor does one that is not there.
          if (isMissing(error)) missing.set(repository, error);
          else if (hasCode(error, 'ACCEL_UNTRUSTED', 'ARCHIVE_INVALID')) lost.set(repository, error);
          else throw error;
          return [];
        }
      });
      const found = (await Promise.all(texts)).flat();
      if (found.length === 0) throw [...lost.values(), ...missing.values()][0];
      return apkIndex(found, alpine);
    }),
  );
  if (foreignIndex === undefined || nativeIndex === undefined) throw new Error('an index of each architecture');
  return { foreign: foreignIndex, native: nativeIndex, lost: Array.from(lost.values(), (error) => messageOf(error)) };
}

function isMissing(error: unknown): boolean {
  return error instanceof PolyarchError && error.details['status'] === 404;
}
