import { expect, it } from 'vitest';
import { compareVersions, sourceVersion, upstreamVersion } from './debian-version.ts';

it.each([
  ['1.0', '1.0', 0],
  ['1.9', '1.10', -1],
  ['1.0-1', '1.0-2', -1],
  ['2.36-9+deb12u4', '2.36-9+deb12u13', -1],
  ['1.0~rc1', '1.0', -1],
  ['1:0.1', '9', 1],
  ['1.0-1+b1', '1.0-1', 1],
  ['1.0a', '1.0+', -1],
  ['0.5.12-2', '0.5.12-12', -1],
  ['1.2-3-4', '1.2-3-3', 1],
  ['0', '', 0],
])('%s against %s: %i', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
  expect(Math.sign(compareVersions(b, a))).toBe(0 - sign || 0);
});

it('knows the source’s and the upstream version', () => {
  expect(sourceVersion('1.35+dfsg-3.1+b1')).toBe('1.35+dfsg-3.1');
  expect(upstreamVersion('1:1.35+dfsg-3.1+b1')).toBe('1.35+dfsg');
});
