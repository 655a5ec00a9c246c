import { afterAll, expect, test } from 'vitest';
import { type Trust, readTrustedRelease } from '../../src/accel/trusted-release.ts';
import { requireProgram, temporaryFolder } from '../support/environment.ts';
import { signRelease } from './sign-release.ts';

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const RELEASE = `Origin: Debian
Suite: stable
Codename: trixie
SHA256:
 ${'a'.repeat(64)} 12 main/binary-arm64/Packages.xz
`;

test.for(['gpgv', 'sqv'] as const)('%s: what is signed counts, and nothing else', async (kind, context) => {
  const gpg = requireProgram(context, 'gpg');
  const program = requireProgram(context, kind);
  const { inRelease, keyring } = await signRelease(gpg, {
    folder: folder.path,
    name: `archive-${kind}`,
    release: RELEASE,
  });
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
  const other = await signRelease(gpg, { folder: folder.path, name: `other-${kind}`, release: RELEASE });
  const stranger = { ...trust, keyring: other.keyring };
  await expect(read(inRelease, { trust: stranger })).rejects.toMatchObject({ code: 'ACCEL_UNTRUSTED' });
});
