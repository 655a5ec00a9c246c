import { generateKeyPairSync } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type ApkContent, type ApkFile, type ApkSigner, writeApkRepository } from '../apk-repository.ts';

/** A key for one run. */
export function newSigner(): ApkSigner & { readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  return { key: privateKey, name: 'proof.rsa.pub', publicKey: pem };
}

/**
 * Packs the installed packages of an unpacked root filesystem of Alpine's anew, as apk's database lists their files, and
 * signs an index of them: the programs are Alpine's, the packages around them are not.
 */
export function packInstalled(
  root: string,
  folder: string,
  options: { architecture: string; signer: ApkSigner },
): void {
  const database = readFileSync(join(root, 'lib/apk/db/installed'), 'utf8');
  const packages = database.split('\n\n').flatMap((paragraph) => {
    const one = readInstalled(root, paragraph);
    return one === undefined ? [] : [one];
  });
  writeApkRepository(folder, packages, options);
}

function readInstalled(root: string, paragraph: string): ApkContent | undefined {
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(paragraph)?.[1];
  const [name, version] = [field('P'), field('V')];
  if (name === undefined || version === undefined) return undefined;
  const files: ApkFile[] = [];
  let place = '';
  for (const line of paragraph.split('\n')) {
    if (line.startsWith('F:')) place = line.slice(2);
    if (!line.startsWith('R:')) continue;
    const path = join(place, line.slice(2));
    const facts = lstatSync(join(root, path), { throwIfNoEntry: false });
    if (facts === undefined) continue;
    const content = facts.isSymbolicLink() ? { link: readlinkSync(join(root, path)) } : readFileSync(join(root, path));
    files.push({ path, mode: facts.mode & 0o7777, content });
  }
  const words = (value: string | undefined) => (value === undefined ? {} : { value: value.split(' ') });
  const [depends, provides] = [words(field('D')).value, words(field('p')).value];
  return { name, version, files, ...(depends && { depends }), ...(provides && { provides }) };
}
