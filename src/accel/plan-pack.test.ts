import { expect, it } from 'vitest';
import type { AccelLevel, ToolFamily } from '../emulation/pairs.ts';
import { packageIndex } from './package-index.ts';
import { type BuiltPack, debianArchitecture, hasPairs, planPack, requestOf } from './plan-pack.ts';

/** `NAME VERSION [DEPENDS…]` as an index. */
function index(...packages: readonly string[]) {
  const text = packages.map((line) => {
    const [name = '', version = '', ...depends] = line.split(' ');
    const fields = [`Package: ${name}`, `Version: ${version}`, 'Architecture: x', `Filename: ${name}.deb`];
    return [...fields, `SHA256: ${'0'.repeat(64)}`, `Depends: ${depends.join(', ')}`].join('\n');
  });
  return packageIndex([{ text: text.join('\n\n'), archive: 'http://h/' }]);
}

function plan(
  installed: Record<string, string>,
  options: {
    foreign: readonly string[];
    native: readonly string[];
    level?: AccelLevel;
    families?: readonly ToolFamily[];
    architecture?: string;
    built?: readonly BuiltPack[];
  },
) {
  const foreign = debianArchitecture(options.architecture ?? 'arm64');
  const native = debianArchitecture('amd64');
  if (foreign === undefined || native === undefined) throw new Error('known architectures');
  const request = requestOf(
    {
      release: { distribution: 'debian', codename: 'trixie' },
      installed: new Map(Object.entries(installed)),
      sources: [],
      go: undefined,
    },
    {
      foreign,
      native,
      level: options.level ?? 'exact',
      families: new Set(options.families),
      built: options.built ?? [],
    },
  );
  if (request === undefined) throw new Error('a release');
  const made = planPack(request, { foreign: index(...options.foreign), native: index(...options.native) });
  return {
    pairs: made.pairs.map((pair) => `${pair.foreign.name} ${pair.foreign.version} ${pair.native.version}`),
    libraries: made.libraries.map((one) => `${one.name} ${one.version}`),
    skipped: made.skipped,
    built: made.built,
  };
}

it('takes the same version, whatever was rebuilt', () => {
  const made = plan(
    { grep: '3.8-5' },
    { foreign: ['grep 3.8-5', 'grep 3.9-1'], native: ['grep 3.9-1', 'grep 3.8-5+b1'] },
  );
  expect(made.pairs).toEqual(['grep 3.8-5 3.8-5+b1']);
});

it('takes what is not installed as the archive has it now', () => {
  expect(plan({}, { foreign: ['m4 1', 'm4 2'], native: ['m4 2'] }).pairs).toEqual(['m4 2 2']);
});

it.each([
  [
    'a version that the archive lost',
    { sed: '4.8-1' },
    ['sed 4.9-1'],
    ['sed 4.9-1'],
    'the archive does not have this version',
  ],
  ['no counterpart', { sed: '4.9-1' }, ['sed 4.9-1'], ['sed 4.9-2'], 'no counterpart on amd64'],
  [
    'a library of another version',
    { sed: '4.9-1', libacl1: '2.2-1' },
    ['sed 4.9-1'],
    ['sed 4.9-1 libacl1', 'libacl1 2.3-1'],
    'it needs libacl1 2.2-1',
  ],
])('says why not: %s', (_name, installed, foreign, native, reason) => {
  const made = plan(installed, { foreign, native });
  expect(made.pairs).toEqual([]);
  expect(made.skipped.join('\n')).toContain(reason);
});

it('takes more for compatible: revisions, other libraries, tools that differ in corners', () => {
  const made = plan(
    { sed: '4.9-1', mawk: '1.3-1', libacl1: '2.2-1' },
    {
      foreign: ['sed 4.9-1', 'mawk 1.3-1'],
      native: ['sed 4.9-2 libacl1', 'mawk 1.3-1', 'libacl1 2.3-1'],
      level: 'compatible',
    },
  );
  expect(made.pairs).toEqual(['sed 4.9-1 4.9-2', 'mawk 1.3-1 1.3-1']);
  expect(made.libraries).toEqual(['libacl1 2.3-1']);
});

it('finds libraries through libraries, and known ones only', () => {
  const native = ['tar 1 libselinux1 libdb5', 'libselinux1 3 libpcre2-8-0', 'libpcre2-8-0 10', 'libdb5 5'];
  expect(plan({ tar: '1' }, { foreign: ['tar 1'], native }).libraries).toEqual(['libselinux1 3', 'libpcre2-8-0 10']);
});

const gcc = { foreign: ['gcc-14-aarch64-linux-gnu 14.2.0-19'], native: ['gcc-14-aarch64-linux-gnu 14.2.0-19cross1'] };
it.each([
  ['the proved cross compiler', {}, gcc, 1],
  [
    'one of another version',
    {},
    { foreign: ['gcc-14-aarch64-linux-gnu 14.2.0-20'], native: ['gcc-14-aarch64-linux-gnu 14.2.0-20cross1'] },
    0,
  ],
  ['one that is no cross compiler', {}, { ...gcc, native: gcc.foreign }, 0],
  [
    'another architecture',
    { architecture: 'riscv64' },
    { foreign: ['gcc-14-riscv64-linux-gnu 14.2.0-19'], native: ['gcc-14-riscv64-linux-gnu 14.2.0-19cross1'] },
    0,
  ],
] as const)('gcc: %s', (_name, more, indexes, count) => {
  expect(plan({}, { ...indexes, ...more, families: ['gcc'] }).pairs).toHaveLength(count);
});

it("takes the compiler's allocator where the archive has it, and the compiler without it", () => {
  const allocator = 'libmimalloc3 3.0 libc6';
  const libraries = (...more: readonly string[]) => {
    const made = plan({}, { foreign: gcc.foreign, native: [...gcc.native, ...more], families: ['gcc'] });
    expect(made.pairs).toHaveLength(1);
    return made.libraries;
  };
  expect(libraries(allocator, 'libc6 2.41')).toEqual(['libmimalloc3 3.0', 'libc6 2.41']);
  expect(libraries('libc6 2.41')).toEqual([]);
  expect(libraries(allocator)).toEqual([]);
});

it('takes a compiler that was built from source, and else says how to build it', () => {
  const installed = { 'cpp-12': '12.2.0-14+deb12u1' };
  const archive = { foreign: ['cpp-12 12.2.0-14+deb12u1'], native: ['cpp-12 12.2.0-14+deb12u1'] };
  const without = plan(installed, archive);
  expect(without.pairs).toEqual([]);
  expect(without.skipped.join()).toContain('accel make --from-source gcc-12@12.2.0-14+deb12u1 --platform linux/arm64');
  const other = { id: 'other', packages: ['cpp-12 12.2.0-14'] };
  const own = { id: 'own', packages: ['cpp-12 12.2.0-14+deb12u1'] };
  expect(plan(installed, { ...archive, built: [other, own] }).built).toEqual(['own']);
  const newer = { foreign: ['cpp-12 12.4.0-5'], native: [], families: ['gcc'] as const };
  expect(plan({}, newer).skipped).toEqual([]);
  expect(plan({ 'cpp-12': '12.4.0-5' }, newer).skipped).toEqual(['cpp-12 12.4.0-5: a counterpart is not proved']);
});

it.each([
  ['alpine', { busybox: '1.36.1-r5' }, 'exact', true],
  ['alpine', { busybox: '1.99.0-r5', 'apk-tools': '9.0-r0' }, 'exact', false],
  ['alpine', { busybox: '1.99.0-r5', 'apk-tools': '9.0-r0' }, 'compatible', true],
  ['debian', { busybox: '1.99.0-r5' }, 'exact', true],
] as const)('on %s with %j there are %s pairs: %s', (distribution, installed, level, expected) => {
  const [foreign, native] = [debianArchitecture('arm64'), debianArchitecture('amd64')];
  if (foreign === undefined || native === undefined) throw new Error('known architectures');
  const root = { release: { distribution, codename: 'x' }, installed: new Map(Object.entries(installed)), sources: [] };
  const request = requestOf({ ...root, go: undefined }, { foreign, native, level, families: new Set(), built: [] });
  expect(request !== undefined && hasPairs(request)).toBe(expected);
  expect(request?.installed.map(([name]) => name)).toEqual(distribution === 'alpine' ? Object.keys(installed) : []);
});
