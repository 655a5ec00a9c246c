import { describe, expect, test } from 'vitest';
import { semverTags, type SemverOptions } from './semver-tags.ts';

describe('tags of a version', () => {
  test.each<[string, readonly string[], SemverOptions, string, string]>([
    ['v1.2.3', [], {}, '1 1.2 1.2.3 latest', ''],
    ['1.2.3', ['latest', '1', '1.2', 'main', '1.2.2', 'v0.9.9'], {}, '1 1.2 1.2.3 latest', ''],
    ['1.2.3', ['1.2.3'], {}, '1 1.2 1.2.3 latest', ''],
    ['1.2.3', ['1.2.4'], {}, '1.2.3', '1<1.2.4 1.2<1.2.4 latest<1.2.4'],
    ['1.2.3', ['1.3.0'], {}, '1.2 1.2.3', '1<1.3.0 latest<1.3.0'],
    ['1.2.3', ['v2.0.0'], {}, '1 1.2 1.2.3', 'latest<2.0.0'],
    ['1.2.10', ['1.2.9', '1.2.2'], {}, '1 1.2 1.2.10 latest', ''],
    ['1.2.3', ['1.2.4', '1.10.0', '1.9.0'], {}, '1.2.3', '1<1.10.0 1.2<1.2.4 latest<1.10.0'],
    ['1.2.3', ['2.0.0-rc.1', '2.0', '2'], {}, '1 1.2 1.2.3 latest', ''],
    ['1.2.3', ['1.2.4'], { moveBack: true }, '1 1.2 1.2.3 latest', ''],
    ['1.2.3', ['2.0.0'], { latest: false }, '1 1.2 1.2.3', ''],
    ['v2.0.0-rc.1', [], {}, '2.0.0-rc.1', ''],
    ['2.0.0-rc.1', ['3.0.0'], { moveBack: true }, '2.0.0-rc.1', ''],
    ['0.1.0', [], {}, '0 0.1 0.1.0 latest', ''],
  ])('%s beside %j, %j', (version, existing, options, tags, held) => {
    const found = semverTags(version, existing, options);
    expect(found.tags.join(' ')).toBe(tags);
    expect(found.held.map(({ tag, newer }) => `${tag}<${newer}`).join(' ')).toBe(held);
  });

  test.each(['', 'v1', '1.2', '1.2.3.4', '01.2.3', '1.2.3-', '1.2.3+build', 'V1.2.3', 'latest', '1.2.3-a..b'])(
    '%j is INVALID_VERSION',
    (version) => {
      expect(() => semverTags(version, [])).toThrow(expect.objectContaining({ code: 'INVALID_VERSION' }));
    },
  );
});
