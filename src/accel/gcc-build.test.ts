import { describe, expect, test } from 'vitest';
import { plainName } from './built-pack.ts';
import { BUILT_PROGRAMS, gccConfiguration, gccDockerfile } from './gcc-build.ts';
import { debianArchitecture } from './plan-pack.ts';

const driver = Buffer.from(
  "\0../src/configure -v --with-pkgversion='Debian 12.2.0-14' --enable-languages=c,ada,c++,go --prefix=/usr --enable-default-pie --with-build-config=bootstrap-lto-lean --enable-link-serialization=2 --build=aarch64-linux-gnu --host=aarch64-linux-gnu --target=aarch64-linux-gnu\0",
  'latin1',
);

describe('a compiler that is built again', () => {
  test('takes its options from the one that it stands for', () => {
    expect(gccConfiguration(driver)).toEqual({
      options: [
        '--with-pkgversion=Debian 12.2.0-14',
        '--prefix=/usr',
        '--enable-default-pie',
        '--target=aarch64-linux-gnu',
      ],
      languages: ['ada', 'c++', 'go', 'lto'],
    });
  });

  test('fails on a compiler that does not tell them', () => {
    expect(() => gccConfiguration(Buffer.from('no compiler'))).toThrow(/does not tell/);
  });

  test('is built as a cross compiler that does not know that it is one', () => {
    const [foreign, native] = [debianArchitecture('arm64'), debianArchitecture('amd64')];
    if (foreign === undefined || native === undefined) throw new Error('known architectures');
    const build = { base: 'debian:bookworm', dsc: 'gcc.dsc', configuration: gccConfiguration(driver), foreign, native };
    const text = gccDockerfile(build);
    expect(text).toContain("'--with-pkgversion=Debian 12.2.0-14'");
    expect(text).toContain('--build=x86_64-linux-gnu --host=x86_64-linux-gnu');
    expect(text).toContain('s/-DCROSS_DIRECTORY_STRUCTURE//');
    expect(text).toContain('binutils-aarch64-linux-gnu libc6-dev-arm64-cross');
    for (const name of BUILT_PROGRAMS) expect(text).toContain(`/out/${name} `);
  });
});

describe('the plain name of', () => {
  test.each([
    ['bin/aarch64-linux-gnu-gcc-ar-12', 'gcc-ar'],
    ['bin/aarch64-linux-gnu-g++-12', 'g++'],
    ['lib/gcc/aarch64-linux-gnu/12/cc1plus', 'cc1plus'],
    ['lib/gcc/aarch64-linux-gnu/12/lto1', 'lto1'],
  ])('%s is %s', (place, name) => {
    expect(plainName(place, { gnu: 'aarch64-linux-gnu' })).toBe(name);
    expect(BUILT_PROGRAMS).toContain(name);
  });
});
