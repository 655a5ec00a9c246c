import { describe, expect, test } from 'vitest';
import { parsePlatform } from '../oci/platform.ts';
import { fillPlaceholders } from './placeholders.ts';

const fill = (
  text: string,
  { platform = 'linux/arm/v7', kind = 'name' }: { platform?: string; kind?: 'name' | 'text' } = {},
) => fillPlaceholders(text, { platform: parsePlatform(platform), flag: '--file', in: kind });

describe('placeholders', () => {
  test.each([
    ['Dockerfile.{arch}', 'linux/arm64', 'Dockerfile.arm64'],
    ['rel/{arch}{variant}', 'linux/arm64', 'rel/arm64'],
    ['rel/{arch}{variant}', 'linux/arm64/v8', 'rel/arm64'],
    ['rel/{arch}{variant}', 'linux/arm/v7', 'rel/armv7'],
    ['rel/{arch}{variant}', 'linux/arm', 'rel/armv7'],
    ['rel/{arch}{variant}', 'linux/armhf', 'rel/armv7'],
    ['rel/{arch}{variant}', 'linux/amd64/v3', 'rel/amd64v3'],
    ['{os}/{arch}', 'linux/386', 'linux/386'],
    ['out/{platform}/x', 'linux/arm/v7', 'out/linux_arm_v7/x'],
    ['out/{platform}', 'linux/aarch64', 'out/linux_arm64'],
    ['{{arch}}', 'linux/arm64', '{arch}'],
    ['{{other}}-{arch}', 'linux/arm64', '{other}-arm64'],
    ['${arch} {} { arch } {1} }{', 'linux/arm64', '${arch} {} { arch } {1} }{'],
  ])('a name %s for %s', (text, platform, filled) => expect(fill(text, { platform })).toBe(filled));

  test.each([
    ['{platform}', 'linux/arm/v7'],
    ['{os}-{arch}-{variant}', 'linux-arm-v7'],
    ['{"a":{"b":1}}', '{"a":{"b":1}}'],
    ['{name} {{name}} {{.Name}} {ok}', '{name} {{name}} {{.Name}} {ok}'],
    ['{{arch}} {{platfrom}}', '{arch} {platfrom}'],
    ['${arch}', '${arch}'],
  ])('a text %s', (text, filled) => expect(fill(text, { kind: 'text' })).toBe(filled));

  test.each([
    ['{archs}', 'name', 'did you mean "arch"?'],
    ['{Arch}', 'name', 'did you mean "arch"?'],
    ['{cpu}', 'name', 'there is no placeholder {cpu}'],
    ['{platfrom}', 'text', 'did you mean "platform"?'],
    ['{acrh}', 'text', 'did you mean "arch"?'],
  ] as const)('%s in a %s is told', (text, kind, message) => {
    const hint = expect.stringContaining('{os}, {arch}, {variant}, {platform}') as string;
    const expected = { code: 'UNKNOWN_PLACEHOLDER', message: expect.stringContaining(message) as string, hint };
    expect(() => fill(text, { kind })).toThrow(expect.objectContaining(expected));
  });
});
