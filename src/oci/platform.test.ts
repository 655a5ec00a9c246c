import { describe, expect, it } from 'vitest';
import type { Descriptor } from './descriptor.ts';
import { digestOf } from './digest.ts';
import { MEDIA_TYPE } from './media-types.ts';
import {
  compatiblePlatforms,
  formatPlatform,
  formatPlatformFull,
  localPlatform,
  matchPlatform,
  normalizePlatform,
  parsePlatform,
  parsePlatforms,
  platformMatcher,
  selectPlatform,
} from './platform.ts';
import { PLATFORM_NAMES } from './platform-names.ts';

const local = { os: 'linux', architecture: 'amd64' };
const parse = (text: string) => parsePlatform(text, { local });

describe('parsePlatform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/amd64/3', 'linux/amd64/v3'],
    ['linux/arm64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm64/v8.0', 'linux/arm64'],
    ['linux/arm64/v8.2', 'linux/arm64/v8.2'],
    ['linux/arm64/9', 'linux/arm64/v9'],
    ['linux/arm64/v9.0', 'linux/arm64/v9'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/v7', 'linux/arm/v7'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['linux/arm/v5', 'linux/arm/v5'],
    ['Linux/ARM64', 'linux/arm64'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armhf/v6', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['macos/arm64', 'darwin/arm64'],
    ['windows/amd64', 'windows/amd64'],
    ['freebsd/amd64', 'freebsd/amd64'],
    ['linux', 'linux/amd64'],
    ['windows', 'windows/amd64'],
    ['amd64', 'linux/amd64'],
    ['x86_64', 'linux/amd64'],
    ['x86-64', 'linux/amd64'],
    ['amd64v2', 'linux/amd64/v2'],
    ['arm64', 'linux/arm64'],
    ['aarch64', 'linux/arm64'],
    ['arm64v8', 'linux/arm64'],
    ['armv8', 'linux/arm64'],
    ['arm', 'linux/arm/v7'],
    ['armhf', 'linux/arm/v7'],
    ['armv7l', 'linux/arm/v7'],
    ['arm32v7', 'linux/arm/v7'],
    ['arm32v6', 'linux/arm/v6'],
    ['armv6l', 'linux/arm/v6'],
    ['arm32v5', 'linux/arm/v5'],
    ['i386', 'linux/386'],
    ['i686', 'linux/386'],
    ['386', 'linux/386'],
    ['ppc64el', 'linux/ppc64le'],
    ['mips64el', 'linux/mips64le'],
    ['mipsel', 'linux/mipsle'],
    ['riscv', 'linux/riscv64'],
    ['s390', 'linux/s390x'],
    ['loongarch64', 'linux/loong64'],
    ['wasm', 'linux/wasm'],
    ['local', 'linux/amd64'],
  ])('%s is %s', (text, canonical) => {
    expect(formatPlatform(parse(text))).toBe(canonical);
    expect(parse(canonical)).toEqual(parse(text));
  });

  it('takes versions and features of an operating system', () => {
    const platform = parse('windows(10.0.17763+win32k+a%2Bb)/amd64');
    expect(platform).toEqual({
      os: 'windows',
      architecture: 'amd64',
      'os.version': '10.0.17763',
      'os.features': ['a+b', 'win32k'],
    });
    expect(formatPlatformFull(platform)).toBe('windows(10.0.17763+a%2Bb+win32k)/amd64');
    expect(parse('windows(+win32k)/amd64')['os.features']).toEqual(['win32k']);
    expect(formatPlatformFull(parse('linux/arm'))).toBe('linux/arm/v7');
  });

  it.each([
    ['linux/amd46', 'linux/amd64'],
    ['linux/arm46', 'linux/arm64'],
    ['linux/aarch46', 'linux/arm64'],
    ['linux/ppc64l', 'linux/ppc64le'],
    ['lunix/amd64', 'linux/amd64'],
    ['rsicv64', 'linux/riscv64'],
    ['linux/arm/v9', 'linux/arm/v'],
    ['linux/amd64/v5', 'linux/amd64'],
    ['quantum', 'known are linux/amd64'],
    ['', 'known are'],
    ['linux/', 'known are'],
    ['linux/arm/v7/x', 'linux/arm/v7'],
    ['linux/*', 'known are'],
    ['constructor', 'known are'],
    ['linux/__proto__', 'known are'],
  ])('refuses %j and names what is near: %s', (text, near) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_PLATFORM', hint: expect.stringContaining(near) }),
    );
  });

  it('takes what nobody knows when told to', () => {
    expect(parsePlatform('plan10/quantum/v1', { local, allowUnknown: true })).toEqual({
      os: 'plan10',
      architecture: 'quantum',
      variant: 'v1',
    });
  });

  it('reads lists, each platform once', () => {
    expect(
      parsePlatforms(['linux/amd64, arm64,x86_64', 'local', 'linux/arm64/v8'], { local }).map(formatPlatform),
    ).toEqual(['linux/amd64', 'linux/arm64']);
  });
});

describe('localPlatform', () => {
  it.each([
    [{ platform: 'linux', arch: 'x64' }, 'linux/amd64'],
    [{ platform: 'linux', arch: 'ia32' }, 'linux/386'],
    [{ platform: 'darwin', arch: 'arm64' }, 'darwin/arm64'],
    [{ platform: 'win32', arch: 'x64' }, 'windows/amd64'],
    [{ platform: 'linux', arch: 'ppc64', littleEndian: true }, 'linux/ppc64le'],
    [{ platform: 'linux', arch: 'ppc64', littleEndian: false }, 'linux/ppc64'],
    [{ platform: 'linux', arch: 'arm', variant: 'v6' }, 'linux/arm/v6'],
    [{ platform: 'linux', arch: 'loong64' }, 'linux/loong64'],
  ])('%j is %s', (machine, canonical) => {
    expect(formatPlatform(localPlatform(machine))).toBe(canonical);
  });
});

describe('compatiblePlatforms', () => {
  it.each([
    ['linux/amd64', 'amd64 386'],
    ['linux/amd64/v3', 'amd64/v3 amd64/v2 amd64 386'],
    ['linux/386', '386'],
    ['linux/arm/v8', 'arm/v8 arm/v7 arm/v6 arm/v5'],
    ['linux/arm', 'arm/v7 arm/v6 arm/v5'],
    ['linux/arm/v5', 'arm/v5'],
    ['linux/arm64', 'arm64 arm/v8 arm/v7 arm/v6 arm/v5'],
    ['linux/arm64/v8.2', 'arm64/v8.2 arm64/v8.1 arm64 arm/v8 arm/v7 arm/v6 arm/v5'],
    [
      'linux/arm64/v9.1',
      'arm64/v9.1 arm64/v9 arm64/v8.6 arm64/v8.5 arm64/v8.4 arm64/v8.3 arm64/v8.2 arm64/v8.1 arm64 arm/v8 arm/v7 arm/v6 arm/v5',
    ],
    ['linux/riscv64', 'riscv64'],
  ])('a machine of %s runs %s', (text, expected) => {
    const found = compatiblePlatforms(parse(text)).map((platform) => formatPlatform(platform).replace('linux/', ''));
    expect(found.join(' ')).toBe(expected);
  });
});

describe('platformMatcher', () => {
  it.each([
    ['linux/arm64', { os: 'linux', architecture: 'aarch64', variant: 'v8' }, true],
    ['linux/arm/v7', { os: 'linux', architecture: 'arm' }, true],
    ['linux/arm/v6', { os: 'linux', architecture: 'arm' }, false],
    ['linux/arm64', { os: 'darwin', architecture: 'arm64' }, false],
    ['linux/amd64', { os: 'linux', architecture: 'amd64', variant: 'v2' }, false],
    ['linux/amd64', { os: 'linux', architecture: 'amd64', 'os.features': ['x'] }, false],
    ['linux(+x+y)/amd64', { os: 'linux', architecture: 'amd64', 'os.features': ['y'] }, true],
    ['windows(10.0.17763)/amd64', { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763.1' }, true],
    ['windows(10.0.17763)/amd64', { os: 'windows', architecture: 'amd64', 'os.version': '10.0.18363.1' }, false],
    ['windows(10.0.22000)/amd64', { os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348.1' }, true],
    ['windows(10.0.22000)/amd64', { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763.1' }, false],
    ['windows/amd64', { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763.1' }, true],
  ])('%s takes %j: %s', (wanted, offered, expected) => {
    expect(platformMatcher(parse(wanted)).match(offered)).toBe(expected);
  });

  it('when strict takes only the platform itself, in any spelling', () => {
    const strict = platformMatcher(parse('linux/arm64'), { strict: true });
    expect(strict.match({ os: 'linux', architecture: 'arm64', variant: 'v8' })).toBe(true);
    expect(strict.match({ os: 'linux', architecture: 'arm', variant: 'v7' })).toBe(false);
    expect(matchPlatform(parse('linux/arm'), { os: 'linux', architecture: 'arm', variant: '7' })).toBe(true);
    expect(matchPlatform(parse('linux/amd64'), parse('linux/386'))).toBe(false);
  });
});

const entry = (text: string | undefined, extra: Partial<Descriptor> = {}): Descriptor => ({
  mediaType: MEDIA_TYPE.ociManifest,
  digest: digestOf(`${text}${JSON.stringify(extra)}`),
  size: 1,
  ...(text === undefined ? {} : { platform: parsePlatform(text, { local, allowUnknown: true }) }),
  ...extra,
});
const select = (wanted: string, entries: readonly Descriptor[]) => {
  const found = selectPlatform(entries, parse(wanted));
  return found === undefined ? undefined : entries.indexOf(found);
};

describe('selectPlatform', () => {
  it.each([
    ['the exact variant over a lower one', 'linux/arm/v7', ['linux/arm/v5', 'linux/arm/v7', 'linux/arm/v6'], 1],
    ['the next lower variant', 'linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6'], 1],
    ['no higher variant', 'linux/arm/v6', ['linux/arm/v7'], undefined],
    ['64 bits over 32', 'linux/arm64', ['linux/arm/v7', 'linux/arm64'], 1],
    ['32 bits where there is nothing else', 'linux/amd64', ['linux/arm64', 'linux/386'], 1],
    ['the first of equals', 'linux/amd64', ['linux/386', 'linux/amd64', 'linux/amd64'], 1],
    ['the best micro-architecture', 'linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4'], 1],
    [
      'the most features',
      'linux(+a+b)/amd64',
      ['linux/amd64', 'linux(+a)/amd64', 'linux(+a+b)/amd64', 'linux(+c)/amd64'],
      2,
    ],
    ['no attestation', 'linux/amd64', ['unknown/unknown'], undefined],
    ['nothing for another system', 'linux/amd64', ['windows/amd64'], undefined],
  ])('takes %s', (_name, wanted, entries, expected) => {
    expect(
      select(
        wanted,
        entries.map((text) => entry(text)),
      ),
    ).toBe(expected);
  });

  it('takes a manifest without a platform last, but no artifact', () => {
    expect(select('linux/amd64', [entry(undefined), entry('linux/386')])).toBe(1);
    expect(select('linux/amd64', [entry('linux/arm64'), entry(undefined)])).toBe(1);
    expect(select('linux/amd64', [entry(undefined, { artifactType: 'application/x' })])).toBeUndefined();
    expect(select('linux/amd64', [entry(undefined, { mediaType: 'application/x' })])).toBeUndefined();
  });
});

describe('PLATFORM_NAMES', () => {
  it.each(PLATFORM_NAMES.map((names) => [names.docker, names] as const))(
    '%s is canonical, and its names lead to it',
    (docker, names) => {
      const platform = parse(docker);
      expect(formatPlatform(platform)).toBe(docker);
      expect(normalizePlatform(platform)).toEqual(platform);
      expect(platform.architecture).toBe(names.goarch);
      // uname names mips64 without its endianness.
      const uname = names.qemu === 'mips64el' ? names.qemu : names.uname;
      expect(parse(uname).architecture).toBe(names.goarch);
      expect(parse(names.qemu).architecture).toBe(names.goarch);
      expect(parse(names.debian).architecture).toBe(names.goarch);
    },
  );
});
