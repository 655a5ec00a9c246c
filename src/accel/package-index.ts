import { parseParagraph } from './deb822.ts';
import { compareVersions } from './debian-version.ts';

/** A package that an archive has. */
export interface ArchivePackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The .deb or .apk, below `archive`. */
  readonly filename: string;
  readonly archive: string;
  /** `sha256:HEX` of the file; `apk:HEX`, the sha1 of an .apk's control member. */
  readonly digest: string;
  readonly size: number;
  /** Names of packages that it needs, of alternatives the first. */
  readonly depends: readonly string[];
}

/** The packages of some Packages files of one architecture, by name. */
export interface PackageIndex {
  /** Newest first. */
  versions(name: string): readonly ArchivePackage[];
}

/** Joins Packages files (Debian repository format, "Packages" indices): paragraphs are only read when asked for. */
export function packageIndex(texts: readonly { readonly text: string; readonly archive: string }[]): PackageIndex {
  const places = texts.map(({ text, archive }) => ({ text, archive, offsets: offsetsByName(text) }));
  return {
    versions: (name) =>
      places
        .flatMap(({ text, archive, offsets }) =>
          (offsets.get(name) ?? []).map((offset) => readPackage(paragraphAt(text, offset), archive)),
        )
        .filter((one) => one !== undefined)
        .toSorted((a, b) => compareVersions(b.version, a.version)),
  };
}

function offsetsByName(text: string): ReadonlyMap<string, readonly number[]> {
  const offsets = new Map<string, number[]>();
  for (const match of text.matchAll(/^Package: ?(\S+)$/gm)) {
    const name = match[1] ?? '';
    const known = offsets.get(name);
    if (known === undefined) offsets.set(name, [match.index]);
    else known.push(match.index);
  }
  return offsets;
}

/** The paragraph around an offset. */
export function paragraphAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n\n', offset);
  const end = text.indexOf('\n\n', offset);
  return text.slice(start < 0 ? 0 : start + 2, end < 0 ? undefined : end);
}

function readPackage(text: string, archive: string): ArchivePackage | undefined {
  const fields = parseParagraph(text);
  const [name, version, architecture] = ['package', 'version', 'architecture'].map((field) => fields.get(field));
  const [filename, sha256] = [fields.get('filename'), fields.get('sha256')];
  if (name === undefined || version === undefined || architecture === undefined) return undefined;
  if (filename === undefined || sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  if (filename.startsWith('/') || filename.split('/').includes('..')) return undefined;
  const relations = `${fields.get('pre-depends') ?? ''},${fields.get('depends') ?? ''}`.split(',');
  return {
    name,
    version,
    architecture,
    filename,
    archive,
    digest: `sha256:${sha256}`,
    size: Number(fields.get('size') ?? 0),
    depends: relations.map((one) => /^[a-z0-9.+-]+/.exec(one.trim())?.[0] ?? '').filter((one) => one !== ''),
  };
}
