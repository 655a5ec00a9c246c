import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/environment.ts';

/** Makes a key in a folder, signs a Release, and gives what a mirror would serve. */
export async function signRelease(
  gpg: string,
  { folder, name, release }: { readonly folder: string; readonly name: string; readonly release: string },
): Promise<{ inRelease: Buffer; keyring: string }> {
  const home = join(folder, name);
  const keyring = join(folder, `${name}.gpg`);
  const options = { env: { ...process.env, GNUPGHOME: home } };
  await run(['mkdir', '-m', '700', home]);
  const quick = [
    '--batch',
    '--pinentry-mode',
    'loopback',
    '--passphrase',
    '',
    '--quick-gen-key',
    name,
    'ed25519',
    'sign',
  ];
  await run([gpg, ...quick], options);
  writeFileSync(join(home, 'Release'), release);
  await run([gpg, '--batch', '--yes', '--clearsign', '-o', join(home, 'InRelease'), join(home, 'Release')], options);
  await run([gpg, '--batch', '--export', '-o', keyring], options);
  return { inRelease: readFileSync(join(home, 'InRelease')), keyring };
}
