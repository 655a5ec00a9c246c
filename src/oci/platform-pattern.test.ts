import { describe, expect, test } from 'vitest';
import { parsePlatform } from './platform.ts';
import { formatPlatformPattern, matchesPattern, parsePlatformPattern } from './platform-pattern.ts';

const PLATFORMS = ['linux/amd64', 'linux/amd64/v3', 'linux/arm64', 'linux/arm/v6', 'linux/arm/v7', 'windows/amd64'];

describe('a platform pattern', () => {
  test.each([
    ['linux/amd64', 'linux/amd64', ['linux/amd64', 'linux/amd64/v3']],
    ['linux/x86_64', 'linux/amd64', ['linux/amd64', 'linux/amd64/v3']],
    ['linux/amd64/v1', 'linux/amd64', ['linux/amd64']],
    ['linux/amd64/v3', 'linux/amd64/v3', ['linux/amd64/v3']],
    ['linux/arm', 'linux/arm', ['linux/arm/v6', 'linux/arm/v7']],
    ['linux/arm/v7', 'linux/arm/v7', ['linux/arm/v7']],
    ['linux/armhf', 'linux/arm/v7', ['linux/arm/v7']],
    ['linux/arm32v6', 'linux/arm/v6', ['linux/arm/v6']],
    ['LINUX/aarch64', 'linux/arm64', ['linux/arm64']],
    ['linux/arm64/v8', 'linux/arm64', ['linux/arm64']],
    ['linux/arm64/v9', 'linux/arm64/v9', []],
    ['windows/amd64', 'windows/amd64', ['windows/amd64']],
  ])('%s', (text, shown, matched) => {
    const pattern = parsePlatformPattern(text);
    expect(formatPlatformPattern(pattern)).toBe(shown);
    expect(PLATFORMS.filter((platform) => matchesPattern(pattern, parsePlatform(platform)))).toEqual(matched);
  });

  test.each(['linux/amr64', 'linux/arm/v99', 'linus/amd64', 'a/b/c/d'])('%s is none', (text) => {
    expect(() => parsePlatformPattern(text)).toThrow(expect.objectContaining({ code: 'UNKNOWN_PLATFORM' }));
  });
});
