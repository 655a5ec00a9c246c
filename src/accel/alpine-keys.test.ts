import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { trustedKeys } from './alpine-keys.ts';

function publicKey(type: 'rsa' | 'ed25519'): string {
  const pair = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 1024 }) : generateKeyPairSync('ed25519');
  return pair.publicKey.export({ format: 'pem', type: 'spki' }).toString();
}

it('believes this machine’s keys, and none that a root filesystem brings along', () => {
  const known = 'alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub';
  const [own, other] = [publicKey('rsa'), publicKey('rsa')];
  const root = new Map([
    [known, other],
    ['alpine-devel@lists.alpinelinux.org-constructor.rsa.pub', other],
    ['own.rsa.pub', other],
    ['x.rsa.pub', 'no key'],
  ]);
  const machine = new Map([
    ['own.rsa.pub', own],
    ['new.rsa.pub', publicKey('ed25519')],
  ]);
  const trusted = trustedKeys({ root, machine });
  expect([...trusted.keys()]).toEqual(['own.rsa.pub']);
  expect(trusted.get('own.rsa.pub')?.export({ format: 'pem', type: 'spki' })).toBe(own);
});
