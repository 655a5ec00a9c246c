import { describe, expect, test } from 'vitest';
import { parsePlatform, parsePlatforms } from '../oci/platform.ts';
import { parsePlatformPattern } from '../oci/platform-pattern.ts';
import { platformInputs } from './platform-inputs.ts';
import type { Scoped } from './request.ts';

const NOTHING = { files: [], targets: [], buildArgs: [], contexts: [], labels: [], secrets: [] };
const PLATFORMS = parsePlatforms('linux/amd64,linux/arm64,linux/arm/v6,linux/arm/v7');

/** `PLATFORM=VALUE` or `=VALUE`. */
function scoped<T>(text: string, make: (value: string) => T): Scoped<T> {
  const [prefix = '', ...rest] = text.split('=');
  const value = make(rest.join('='));
  return prefix === '' ? { value } : { platform: parsePlatformPattern(prefix), value };
}

const pair = (text: string) => {
  const [name = '', value = ''] = text.split('=');
  return { name, value };
};

describe('the inputs of a platform', () => {
  test.each<[string, string[], (string | undefined)[]]>([
    ['the default', [], [undefined, undefined, undefined, undefined]],
    ['one for all', ['=a'], ['a', 'a', 'a', 'a']],
    ['the last of several', ['=a', '=b'], ['b', 'b', 'b', 'b']],
    ['a prefix before none, in either order', ['linux/arm64=a', '=b'], ['b', 'a', 'b', 'b']],
    ['an architecture with its variants', ['linux/arm=a'], [undefined, undefined, 'a', 'a']],
    ['a variant before its architecture', ['linux/arm/v7=a', 'linux/arm=b', '=c'], ['c', 'c', 'b', 'a']],
    ['another name', ['linux/armhf=a', 'linux/aarch64=b'], [undefined, 'b', undefined, 'a']],
    ['the default by an empty value', ['=a', 'linux/arm64='], ['a', undefined, 'a', 'a']],
    ['placeholders', ['=D.{arch}{variant}', 'linux/amd64=D'], ['D', 'D.arm64', 'D.armv6', 'D.armv7']],
  ])('%s', (_name, given, expected) => {
    const files = given.map((text) => scoped(text, (value) => value));
    const inputs = platformInputs({ ...NOTHING, files, targets: files }, PLATFORMS);
    expect(inputs.map(({ file }) => file)).toEqual(expected);
    expect(inputs.map(({ target }) => target)).toEqual(expected);
  });

  test('each name by itself', () => {
    const buildArgs = ['=A=1', 'linux/arm=A=2', 'linux/arm/v7=B={platform}', '=C=3'].map((text) => scoped(text, pair));
    const inputs = platformInputs({ ...NOTHING, buildArgs, labels: buildArgs }, PLATFORMS);
    const expected = [
      { A: '1', C: '3' },
      { A: '1', C: '3' },
      { A: '2', C: '3' },
      { A: '2', C: '3', B: 'linux/arm/v7' },
    ];
    expect(inputs.map((each) => Object.fromEntries(each.buildArgs))).toEqual(expected);
    expect(inputs.map((each) => Object.fromEntries(each.labels))).toEqual(expected);
  });

  test('a value of the environment keeps its braces', () => {
    const buildArgs = [{ value: { name: 'A', value: '{arch}', literal: true } }];
    const [first] = platformInputs({ ...NOTHING, buildArgs }, PLATFORMS);
    expect(first?.buildArgs.get('A')).toBe('{arch}');
  });

  test('secrets that differ are told apart in the graph, others are shared', () => {
    const secrets = [
      { value: { id: 'all', file: 'a' } },
      { value: { id: 'own', file: 'key-{arch}' } },
      { value: { id: 'arm', file: 'a' } },
      { platform: parsePlatformPattern('linux/arm'), value: { id: 'arm', variable: 'ARM_{variant}' } },
      { platform: parsePlatformPattern('linux/arm'), value: { id: 'both', file: 'b' } },
    ];
    const [amd64, , v6, v7] = platformInputs({ ...NOTHING, secrets }, PLATFORMS).map((inputs) =>
      [...inputs.secrets.values()].map(({ key, secret }) => `${key}: ${JSON.stringify(Object.values(secret))}`),
    );
    expect(amd64).toEqual(['all: ["all","a"]', 'own@linux/amd64: ["own","key-amd64"]', 'arm: ["arm","a"]']);
    expect(v6?.slice(2)).toEqual(['arm@linux/arm/v6: ["arm","ARM_v6"]', 'both@linux/arm: ["both","b"]']);
    expect(v7?.slice(2)).toEqual(['arm@linux/arm/v7: ["arm","ARM_v7"]', 'both@linux/arm: ["both","b"]']);
  });

  test('a secret for addresses is of all platforms', () => {
    const secrets = [{ value: { id: 'GIT_AUTH_TOKEN.host', file: '{arch}' } }];
    expect(() => platformInputs({ ...NOTHING, secrets }, PLATFORMS)).toThrow(/GIT_AUTH_TOKEN.host/);
  });

  test('a prefix of no platform of the build is told, without the value', () => {
    const buildArgs = [scoped('linux/amd64=TOKEN=hidden', pair)];
    expect(() => platformInputs({ ...NOTHING, buildArgs }, [parsePlatform('linux/arm64')])).toThrow(
      expect.objectContaining({
        code: 'PLATFORM_NOT_BUILT',
        message: '--build-arg linux/amd64=…: this build is not for linux/amd64',
        hint: 'it is for linux/arm64; did you mean linux/arm64=?',
      }),
    );
  });
});
