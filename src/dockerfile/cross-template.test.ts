import { describe, expect, test } from 'vitest';
import { parsePlatform } from '../oci/platform.ts';
import { fillCrossTemplate, isCrossTemplate, withoutMissingEmulators } from './cross-template.ts';
import { parseDockerfile } from './parse.ts';

const TEMPLATE = 'FROM __BASEIMAGE_ARCH__/alpine:3\n__CROSS_COPY qemu-__QEMU_ARCH__-static /usr/bin/\nRUN true\n';

const fill = (text: string, target: string, build = 'linux/amd64') =>
  fillCrossTemplate(text, { platform: parsePlatform(target), buildPlatform: parsePlatform(build) });

describe('Dockerfile.cross', () => {
  test.each([
    ['a base', 'FROM __BASEIMAGE_ARCH__/alpine', true],
    ['a base behind a registry', 'ARG X\nFROM r.example/__BASEIMAGE_ARCH__/alpine', true],
    ['a foreign line', 'FROM x\n  __CROSS_RUN x', true],
    ['an emulator', 'FROM x\nCOPY qemu-__QEMU_ARCH__-static /usr/bin/', true],
    ['a Dockerfile that fills in others', 'FROM x\nRUN sed -i s/__QEMU_ARCH__/arm/ t && grep __CROSS_ t', false],
    ['a Dockerfile', 'FROM x\n# __BASEIMAGE_ARCH__ is no more', false],
  ])('is known by its marks: %s', (_name, text, is) => expect(isCrossTemplate(text)).toBe(is));

  test.each([
    ['linux/arm64', 'arm64v8', 'aarch64'],
    ['linux/arm/v5', 'arm32v5', 'arm'],
    ['linux/arm/v6', 'arm32v6', 'arm'],
    ['linux/arm', 'arm32v7', 'arm'],
    ['linux/386', 'i386', 'i386'],
    ['linux/ppc64le', 'ppc64le', 'ppc64le'],
    ['linux/s390x', 's390x', 's390x'],
    ['linux/riscv64', 'riscv64', 'riscv64'],
    ['linux/mips64le', 'mips64le', 'mips64el'],
  ])('for %s the base is of %s and the emulator %s', (platform, base, qemu) => {
    expect(fill(TEMPLATE, platform)).toBe(`FROM ${base}/alpine:3\nCOPY qemu-${qemu}-static /usr/bin/\nRUN true\n`);
  });

  test('natively the lines for foreign platforms are comments', () => {
    expect(fill(TEMPLATE, 'linux/amd64/v3')).toBe('FROM amd64/alpine:3\n#\nRUN true\n');
    expect(fill(TEMPLATE, 'linux/arm64', 'linux/arm64')).toBe('FROM arm64v8/alpine:3\n#\nRUN true\n');
    expect(fill(TEMPLATE, 'linux/amd64', 'linux/arm64')).toContain('\nCOPY qemu-x86_64-static /usr/bin/\n');
    const within = fill('FROM x\nRUN one \\\n __CROSS_&& two \\\n && three\n', 'linux/amd64');
    expect(parseDockerfile(within).stages[0]?.instructions).toHaveLength(1);
    expect(parseDockerfile(within).stages[0]?.instructions[0]?.original).not.toContain('two');
  });

  test('an emulator that the context lacks is taken out, and nothing else', () => {
    const text = `FROM x AS a
COPY qemu-arm-static /usr/bin/
COPY ["qemu/qemu-arm-static", "other", "/usr/bin/"]
ADD qemu-aarch64-static \\
  /usr/bin/
COPY --from=y qemu-arm-static /usr/bin/
COPY qemu-arm-statically qemu-arm /usr/bin/
FROM a
COPY qemu-arm-static /usr/bin/
`;
    const { dockerfile, removed } = withoutMissingEmulators(parseDockerfile(text), (path) => path.includes('aarch64'));
    expect(removed).toEqual([
      { source: 'qemu-arm-static', line: 2 },
      { source: 'qemu/qemu-arm-static', line: 3 },
      { source: 'qemu-arm-static', line: 9 },
    ]);
    const left = dockerfile.stages.map(({ instructions }) =>
      instructions.map((one) => ('sources' in one ? one.sources : [])),
    );
    expect(left).toEqual([
      [['other'], ['qemu-aarch64-static'], ['qemu-arm-static'], ['qemu-arm-statically', 'qemu-arm']],
      [],
    ]);
  });
});
