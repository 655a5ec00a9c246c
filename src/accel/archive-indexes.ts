import { decompress } from '../archive/decompress.ts';
import { PolyarchError, messageOf } from '../util/error.ts';
import type { AptSource } from './apt-sources.ts';
import type { PairSuites } from './archive-suites.ts';
import { type HttpGet, fetchKnown, fetchSmall, fileBytes } from './downloads.ts';
import { type PackageIndex, packageIndex } from './package-index.ts';
import type { DebDistribution, Release } from './root-system.ts';
import { type Trust, type TrustedRelease, readTrustedRelease } from './trusted-release.ts';

/** A Packages file of any release is far smaller. */
const MAX_INDEX = 512 * 1024 * 1024;

export interface IndexOptions {
  readonly release: Release<DebDistribution>;
  readonly trust: Trust;
  readonly get: HttpGet;
  /** Where downloads are kept. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/** An index of an archive's component: of packages of an architecture, or of sources. */
interface IndexKind {
  /** Below the component. */
  readonly folder: string;
  readonly name: 'Packages' | 'Sources';
}

interface IndexText {
  readonly kind: IndexKind;
  readonly text: string;
  readonly archive: string;
}

/** The signed indexes of some architectures in some suites; a suite that is not there is passed over, but not all of them. */
export async function archiveIndexes(
  suites: readonly AptSource[],
  architectures: readonly string[],
  options: IndexOptions,
): Promise<ReadonlyMap<string, PackageIndex>> {
  const kinds = architectures.map((architecture) => ({ folder: `binary-${architecture}`, name: 'Packages' as const }));
  const found = await indexTexts(suites, kinds, options);
  return new Map(
    architectures.map((architecture, at) => [
      architecture,
      packageIndex(found.filter(({ kind }) => kind === kinds[at])),
    ]),
  );
}

/** The signed indexes of a foreign architecture and of this machine's own, each in its suites. */
export async function pairIndexes(
  suites: PairSuites,
  { foreign, native }: { readonly foreign: string; readonly native: string },
  options: IndexOptions,
): Promise<{ readonly foreign: PackageIndex; readonly native: PackageIndex }> {
  const same = suites.foreign === suites.native;
  const [theirs, own] = await Promise.all([
    archiveIndexes(suites.foreign, same ? [foreign, native] : [foreign], options),
    same ? undefined : archiveIndexes(suites.native, [native], options),
  ]);
  const [foreignIndex, nativeIndex] = [theirs.get(foreign), (own ?? theirs).get(native)];
  if (foreignIndex === undefined || nativeIndex === undefined) throw new Error('an index of each architecture');
  return { foreign: foreignIndex, native: nativeIndex };
}

/** The signed indexes of sources in some suites. */
export function sourceIndexes(suites: readonly AptSource[], options: IndexOptions): Promise<readonly IndexText[]> {
  return indexTexts(suites, [{ folder: 'source', name: 'Sources' }], options);
}

async function indexTexts(
  suites: readonly AptSource[],
  kinds: readonly IndexKind[],
  options: IndexOptions,
): Promise<readonly IndexText[]> {
  let lost: unknown;
  const found = await Promise.all(
    suites.map(async (source) => {
      try {
        const trusted = await trustedRelease(source, options);
        return (await Promise.all(kinds.map((kind) => textsOf(source, kind, { trusted, ...options })))).flat();
      } catch (error) {
        // An archive need not have every suite; anything else would leave packages out for a day.
        if (!(error instanceof PolyarchError) || error.details['status'] !== 404) throw error;
        lost = error;
        return [];
      }
    }),
  );
  if (lost !== undefined && found.every((one) => one.length === 0)) throw lost;
  return found.flat();
}

async function trustedRelease({ uri, suite }: AptSource, options: IndexOptions): Promise<TrustedRelease> {
  const name = `${uri}dists/${suite}/InRelease`;
  const bytes = await fetchSmall(name, options);
  return readTrustedRelease(bytes, { ...options, suite, name });
}

async function textsOf(
  { uri, suite, components }: AptSource,
  kind: IndexKind,
  { trusted, ...options }: IndexOptions & { readonly trusted: TrustedRelease },
): Promise<readonly IndexText[]> {
  return Promise.all(
    components
      .filter((component) => component === 'main' || component === 'universe')
      .flatMap((component) => {
        const folder = `${component}/${kind.folder}`;
        const path = [`${folder}/${kind.name}.xz`, `${folder}/${kind.name}.gz`].find((one) => trusted.files.has(one));
        const file = path === undefined ? undefined : trusted.files.get(path);
        return file === undefined ? [] : [{ ...file, folder }];
      })
      .map(async ({ folder, ...file }) => {
        const url = `${uri}dists/${suite}/${folder}/by-hash/SHA256/${file.sha256}`;
        const text = await unpacked(await fetchKnown({ url, ...file }, options), options.signal);
        return { kind, text, archive: uri };
      }),
  );
}

async function unpacked(file: string, signal: AbortSignal | undefined): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of decompress(fileBytes(file), { name: file, ...(signal === undefined ? {} : { signal }) })) {
    size += part.length;
    if (size > MAX_INDEX) throw new PolyarchError('ACCEL_UNTRUSTED', `the index ${file} is too large`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('latin1');
}

/** Why there is no pack, in one line. */
export function failureReason(error: unknown): { reason: string; hint?: string } {
  const hint = error instanceof PolyarchError ? error.hint : undefined;
  return { reason: messageOf(error), ...(hint === undefined ? {} : { hint }) };
}
