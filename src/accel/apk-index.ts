import { verify } from 'node:crypto';
import { readTar } from '../archive/reader.ts';
import { decompress } from '../archive/decompress.ts';
import { PolyarchError } from '../util/error.ts';
import type { AlpineKeys } from './alpine-keys.ts';
import { firstMember } from './apk-package.ts';
import { compareVersions } from './debian-version.ts';
import type { ArchivePackage, PackageIndex } from './package-index.ts';

/** Alpine's largest index is a tenth of this, unpacked. */
const MAX_INDEX = 64 * 1024 * 1024;

/**
 * Checks an APKINDEX.tar.gz (version 2) and gives what is signed of it: the APKINDEX of the member behind the signature.
 * Its date does not count, since packages are asked for by their exact versions.
 *
 * @throws PolyarchError ACCEL_UNTRUSTED, ARCHIVE_INVALID
 */
export async function readSignedIndex(
  bytes: Buffer,
  { keys, name, ...options }: { readonly keys: AlpineKeys; readonly name: string; readonly signal?: AbortSignal },
): Promise<string> {
  const first = firstMember(bytes, name);
  const signed = bytes.subarray(first.end);
  const signatures: { hash: string; key: string; value: Buffer }[] = [];
  for await (const { entry, body } of readTar([first.content])) {
    const match = /^\.SIGN\.RSA(256)?\.([^/]+)$/.exec(entry.path);
    if (match?.[2] === undefined || entry.type !== 'file') continue;
    const parts: Buffer[] = [];
    for await (const part of body) parts.push(part);
    const hash = match[1] === undefined ? 'RSA-SHA1' : 'RSA-SHA256';
    signatures.push({ hash, key: match[2], value: Buffer.concat(parts) });
  }
  const good = signatures.some(({ hash, key, value }) => {
    const known = keys.get(key);
    return known !== undefined && verify(hash, signed, known, value);
  });
  if (!good) {
    const by = signatures.map(({ key }) => key).join(', ');
    throw new PolyarchError(
      'ACCEL_UNTRUSTED',
      `${name} has no good signature of the archive (${by === '' ? 'it has none' : `it names ${by}`})`,
      {
        hint: 'the mirror or something on the way to it changes files, or the key is newer than this polyarch: put it into /etc/apk/keys',
      },
    );
  }
  let text = '';
  const plain = decompress(once(signed), { name, ...options });
  for await (const { entry, body } of readTar(plain, options)) {
    if (entry.path !== 'APKINDEX') continue;
    if (entry.size > MAX_INDEX) throw new PolyarchError('ACCEL_UNTRUSTED', `the index ${name} is too large`);
    for await (const part of body) text += part.toString('latin1');
  }
  return text;
}

/** The text of an APKINDEX, of the folder `archive` (ends in `/`). */
export interface ApkIndexText {
  readonly text: string;
  readonly archive: string;
}

/** Joins the indexes of one architecture; `architecture` is Alpine's name, and packages of others do not count. */
export function apkIndex(texts: readonly ApkIndexText[], architecture: string): PackageIndex {
  const packages = new Map<string, ArchivePackage[]>();
  const providers = new Map<string, string>();
  const found = texts.flatMap(({ text, archive }) =>
    text.split('\n\n').flatMap((paragraph) => readParagraph(paragraph, { archive, architecture })),
  );
  for (const { name, provides } of found) for (const one of provides) if (!providers.has(one)) providers.set(one, name);
  for (const { depends, provides: _, ...one } of found) {
    const names = depends.map((word) => providers.get(word) ?? word);
    const own = packages.get(one.name) ?? [];
    own.push({ ...one, depends: [...new Set(names)] });
    packages.set(one.name, own);
  }
  return {
    versions: (name) => (packages.get(name) ?? []).toSorted((a, b) => compareVersions(b.version, a.version)),
  };
}

/** apk-package(5), "index format v2": a letter, a colon, the value. */
function readParagraph(
  text: string,
  { archive, architecture }: { readonly archive: string; readonly architecture: string },
): (ArchivePackage & { readonly provides: readonly string[] })[] {
  const fields = new Map(text.split('\n').map((line) => [line.slice(0, 2), line.slice(2)]));
  const [name, version, checksum] = [fields.get('P:'), fields.get('V:'), fields.get('C:')];
  if (name === undefined || version === undefined || fields.get('A:') !== architecture) return [];
  if (!/^[\w.+-]+$/.test(`${name}${version}`) || !checksum?.startsWith('Q1')) return [];
  const control = Buffer.from(checksum.slice(2), 'base64').toString('hex');
  if (control.length !== 40) return [];
  const words = (field: string) => (fields.get(field) ?? '').split(' ').map((word) => word.replace(/[<>=~].*$/, ''));
  return [
    {
      name,
      version,
      architecture,
      filename: `${name}-${version}.apk`,
      archive,
      digest: `apk:${control}`,
      size: Number(fields.get('S:') ?? 0),
      depends: words('D:').filter((word) => word !== '' && !word.startsWith('!')),
      provides: words('p:').filter((word) => word.startsWith('so:')),
    },
  ];
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
