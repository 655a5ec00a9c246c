import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Trust, readTrustedRelease } from '../../src/accel/trusted-release.ts';
import { requireProgram, run, temporaryFolder } from '../support/environment.ts';

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const RELEASE = `Origin: Debian
Suite: stable
Codename: trixie
SHA256:
 ${'a'.repeat(64)} 12 main/binary-arm64/Packages.xz
`;

/** Makes a key, signs the text, and gives what a mirror would serve. */
async function signed(gpg: string, name: string): Promise<{ inRelease: Buffer; keyring: string }> {
  const home = join(folder.path, name);
  const keyring = join(folder.path, `${name}.gpg`);
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
  writeFileSync(join(home, 'Release'), RELEASE);
  await run([gpg, '--batch', '--yes', '--clearsign', '-o', join(home, 'InRelease'), join(home, 'Release')], options);
  await run([gpg, '--batch', '--export', '-o', keyring], options);
  return { inRelease: readFileSync(join(home, 'InRelease')), keyring };
}

test.for(['gpgv', 'sqv'] as const)('%s: what is signed counts, and nothing else', async (kind, context) => {
  const gpg = requireProgram(context, 'gpg');
  const program = requireProgram(context, kind);
  const { inRelease, keyring } = await signed(gpg, `archive-${kind}`);
  const trust: Trust = { verifier: { program, kind }, keyring };
  const read = (bytes: Buffer, more: { suite?: string; trust?: Trust } = {}) =>
    readTrustedRelease(bytes, {
      trust,
      release: { distribution: 'debian', codename: 'trixie' },
      suite: 'trixie',
      name: 'http://mirror/InRelease',
      ...more,
    });

  const release = await read(Buffer.concat([Buffer.from('Origin: Debian\nSHA256:\n nothing\n\n'), inRelease]));
  expect([...release.files]).toEqual([['main/binary-arm64/Packages.xz', { sha256: 'a'.repeat(64), size: 12 }]]);

  const changed = Buffer.from(inRelease.toString().replace(' 12 ', ' 13 '));
  await expect(read(changed)).rejects.toMatchObject({ code: 'ACCEL_UNTRUSTED' });
  await expect(read(Buffer.from(RELEASE))).rejects.toMatchObject({ code: 'ACCEL_UNTRUSTED' });
  await expect(read(inRelease, { suite: 'bookworm' })).rejects.toMatchObject({ code: 'ACCEL_UNTRUSTED' });
  const other = await signed(gpg, `other-${kind}`);
  const stranger = { ...trust, keyring: other.keyring };
  await expect(read(inRelease, { trust: stranger })).rejects.toMatchObject({ code: 'ACCEL_UNTRUSTED' });
});
