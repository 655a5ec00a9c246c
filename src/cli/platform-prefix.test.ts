import { describe, expect, test } from 'vitest';
import { formatPlatformPattern } from '../oci/platform-pattern.ts';
import { assignments, parseSecret } from './build-flags.ts';
import { platformPrefix } from './platform-prefix.ts';

const split = (text: string, keyed = false): string[] => {
  const { platform, value } = platformPrefix(text, { flag: '--flag', keyed });
  return platform === undefined ? [value] : [formatPlatformPattern(platform), value];
};

describe('PLATFORM= before a value', () => {
  test.each([
    ['linux/arm64=Dockerfile', ['linux/arm64', 'Dockerfile']],
    ['linux/arm/v7=a=b', ['linux/arm/v7', 'a=b']],
    ['linux/arm=KEY=linux/amd64=x', ['linux/arm', 'KEY=linux/amd64=x']],
    ['Linux/AArch64=x', ['linux/arm64', 'x']],
    ['linux/amd64=', ['linux/amd64', '']],
    ['linux/amd64', ['linux/amd64']],
    ['./linux/arm64=Dockerfile', ['./linux/arm64=Dockerfile']],
    ['KEY=linux/arm64=x', ['KEY=linux/arm64=x']],
    ['arm64=x', ['arm64=x']],
    ['linux=x', ['linux=x']],
    ['=linux/arm64=x', ['=linux/arm64=x']],
    ['docker.io/library/alpine=x', ['docker.io/library/alpine=x']],
    ['linux/arm/v7/x=y', ['linux/arm/v7/x=y']],
    ['ghcr.io/arm64=x', ['ghcr.io/arm64=x']],
  ])('%s', (text, expected) => {
    expect(split(text)).toEqual(expected);
    expect(split(text, true)).toEqual(expected);
  });

  test('one that names no platform is told with the nearest; a key with slashes may look like it', () => {
    for (const keyed of [false, true]) {
      expect(() => split('linux/amr64=KEY=x', keyed)).toThrow(
        expect.objectContaining({
          code: 'UNKNOWN_PLATFORM',
          message: expect.stringContaining('--flag linux/amr64=…') as string,
          hint: expect.stringContaining('linux/arm64') as string,
        }),
      );
    }
    expect(split('linux/image=docker-image://x', true)).toEqual(['linux/image=docker-image://x']);
    expect(() => split('linux/image=x')).toThrow(/linux\/image/);
  });

  test('before NAME=VALUE; a name alone is the environment’s, with its braces', () => {
    const env = { FROM: '{arch}' };
    expect(assignments('--build-arg', ['linux/arm=A=1', 'FROM', 'linux/arm=FROM', 'GONE'], { env })).toEqual([
      { platform: expect.anything() as unknown, value: { name: 'A', value: '1' } },
      { value: { name: 'FROM', value: '{arch}', literal: true } },
      { platform: expect.anything() as unknown, value: { name: 'FROM', value: '{arch}', literal: true } },
    ]);
    expect(assignments('--label', ['linux/arm=alone'], { alone: '' })).toEqual([
      { platform: expect.anything() as unknown, value: { name: 'alone', value: '' } },
    ]);
    expect(() => assignments('--build-context', ['linux/arm=x'])).toThrow(/NAME=VALUE/);
  });

  test('before a secret', () => {
    expect(parseSecret('linux/arm64=id=x,src=y', { env: {} })).toEqual({
      platform: expect.anything() as unknown,
      value: { id: 'x', file: 'y' },
    });
    expect(parseSecret('id=x', { env: { x: '1' } })).toEqual({ value: { id: 'x', variable: 'x' } });
    expect(parseSecret('id=x', { env: {} })).toEqual({ value: { id: 'x', file: 'x' } });
  });
});
