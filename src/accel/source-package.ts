import type { Download } from './downloads.ts';
import { parseParagraph } from './deb822.ts';
import { paragraphAt } from './package-index.ts';

/** A source package's files, by their names (Debian repository format, "Sources" indices). */
export interface SourcePackage {
  readonly name: string;
  readonly version: string;
  readonly files: ReadonlyMap<string, Download>;
}

/** A version of a source package in some Sources files; else the versions that they have. */
export function findSource(
  { name, version }: { readonly name: string; readonly version: string },
  texts: readonly { readonly text: string; readonly archive: string }[],
): SourcePackage | readonly string[] {
  const versions: string[] = [];
  for (const { text, archive } of texts) {
    for (const match of text.matchAll(new RegExp(`^Package: ${name.replaceAll(/[.+]/g, '\\$&')}$`, 'gm'))) {
      const fields = parseParagraph(paragraphAt(text, match.index));
      const files = filesOf(fields, archive);
      if (fields.get('version') === version && files.size > 0) return { name, version, files };
      versions.push(fields.get('version') ?? '');
    }
  }
  return versions;
}

function filesOf(fields: ReadonlyMap<string, string>, archive: string): ReadonlyMap<string, Download> {
  const folder = fields.get('directory') ?? '';
  if (folder === '' || folder.startsWith('/') || folder.split('/').includes('..')) return new Map();
  const lines = (fields.get('checksums-sha256') ?? '').matchAll(/^\s*([0-9a-f]{64})\s+(\d+)\s+(\w[\w.+~-]*)\s*$/gm);
  return new Map(
    Array.from(lines, ([, sha256 = '', size, file = '']) => [
      file,
      { url: `${archive}${folder}/${file}`, sha256, size: Number(size) },
    ]),
  );
}
