import { createHash, type KeyObject, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeEntry, END_OF_ARCHIVE, padding } from '../src/archive/writer.ts';

/** A file of a package, or a link. */
export interface ApkFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer | { readonly link: string };
}

export interface ApkContent {
  readonly name: string;
  readonly version: string;
  /** Words of `depend` and `provides`. */
  readonly depends?: readonly string[];
  readonly provides?: readonly string[];
  readonly files: readonly ApkFile[];
}

/** A key and the name that clients know it by, e.g. `test-12345678.rsa.pub`. */
export interface ApkSigner {
  readonly key: KeyObject;
  readonly name: string;
}

/** Writes a repository's folder for one architecture (Alpine's name): packages and a signed index, as apk 2 reads them. */
export function writeApkRepository(
  folder: string,
  packages: readonly ApkContent[],
  { architecture, signer }: { readonly architecture: string; readonly signer: ApkSigner },
): void {
  const place = join(folder, architecture);
  mkdirSync(place, { recursive: true });
  const paragraphs = packages.map((one) => {
    const data = gzipSync(tar(one.files, { whole: true }));
    const control = gzipSync(tar([text('.PKGINFO', packageInfo(one, { architecture, data }))], { whole: false }));
    const file = Buffer.concat([signature(control, signer), control, data]);
    writeFileSync(join(place, `${one.name}-${one.version}.apk`), file);
    const checksum = createHash('sha1').update(control).digest('base64');
    const lines = [`C:Q1${checksum}`, `P:${one.name}`, `V:${one.version}`, `A:${architecture}`];
    lines.push(`S:${file.length}`, `I:${installedSize(one)}`, `T:${one.name}`, 'U:', 'L:', `o:${one.name}`);
    if (one.depends !== undefined) lines.push(`D:${one.depends.join(' ')}`);
    if (one.provides !== undefined) lines.push(`p:${one.provides.join(' ')}`);
    return `${lines.join('\n')}\n\n`;
  });
  const index = gzipSync(tar([text('DESCRIPTION', 'test'), text('APKINDEX', paragraphs.join(''))], { whole: true }));
  writeFileSync(join(place, 'APKINDEX.tar.gz'), Buffer.concat([signature(index, signer), index]));
}

function installedSize({ files }: ApkContent): number {
  return files.reduce((sum, { content }) => sum + (content instanceof Buffer ? content.length : 0), 0);
}

function packageInfo(
  { name, version, depends = [], provides = [], ...one }: ApkContent,
  { architecture, data }: { readonly architecture: string; readonly data: Buffer },
): string {
  const lines = [
    `pkgname = ${name}`,
    `pkgver = ${version}`,
    `pkgdesc = ${name}`,
    `arch = ${architecture}`,
    `size = ${installedSize({ name, version, ...one })}`,
    ...depends.map((word) => `depend = ${word}`),
    ...provides.map((word) => `provides = ${word}`),
    `datahash = ${createHash('sha256').update(data).digest('hex')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function signature(bytes: Buffer, { key, name }: ApkSigner): Buffer {
  const value = sign('RSA-SHA1', bytes, key);
  return gzipSync(tar([{ path: `.SIGN.RSA.${name}`, mode: 0o644, content: value }], { whole: false }));
}

function text(path: string, content: string): ApkFile {
  return { path, mode: 0o644, content: Buffer.from(content) };
}

/** Only the last of an .apk's archives has an end. */
function tar(files: readonly ApkFile[], { whole }: { readonly whole: boolean }): Buffer {
  const parts = files.flatMap(({ path, mode, content }) => {
    if ('link' in content) return [encodeEntry({ path, type: 'symlink', linkname: content.link })];
    return [encodeEntry({ path, type: 'file', mode, size: content.length }), content, padding(content.length)];
  });
  return Buffer.concat(whole ? [...parts, END_OF_ARCHIVE] : parts);
}
