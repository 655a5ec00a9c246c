import { expect, test } from 'vitest';
import { formatPlatform } from '../oci/platform.ts';
import { platformTiers } from './platform-tiers.ts';

test.each([
  [['linux/amd64,linux/arm64'], 'linux/amd64 linux/arm64', ''],
  [['linux/amd64,?linux/riscv64', '?s390x'], 'linux/amd64 linux/riscv64 linux/s390x', 'linux/riscv64 linux/s390x'],
  [['?aarch64', 'linux/arm64/v8'], 'linux/arm64', ''],
  [['? linux/arm/v7'], 'linux/arm/v7', 'linux/arm/v7'],
  [[], '', ''],
])('%j: %s, of them optional: %s', (texts, platforms, optional) => {
  const tiers = platformTiers(texts);
  const names = (list: typeof tiers.platforms) => list.map((platform) => formatPlatform(platform)).join(' ');
  expect([names(tiers.platforms), names(tiers.optional)]).toEqual([platforms, optional]);
});

test('what is no platform is told', () => {
  expect(() => platformTiers(['?linux/amr64'])).toThrow(expect.objectContaining({ code: 'UNKNOWN_PLATFORM' }));
  expect(() => platformTiers(['??linux/arm64'])).toThrow(expect.objectContaining({ code: 'UNKNOWN_PLATFORM' }));
});
