import type { DebianArchitecture } from '../emulation/pairs.ts';
import { PolyarchError } from '../util/error.ts';

/*
 * How the distribution's own gcc for a foreign architecture is built to run on this one: from its source package, with
 * its patches and its options, but as a cross compiler that believes to be native. What such a build makes of a source is
 * then the same byte for byte.
 */

/** Where the build leaves the programs, by their names without the target's and the version's parts. */
export const BUILT_PROGRAMS: readonly string[] = [
  'gcc',
  'g++',
  'cpp',
  'collect2',
  'lto-wrapper',
  'gcc-ar',
  'gcc-nm',
  'gcc-ranlib',
  'cc1',
  'cc1plus',
  'lto1',
];

/** As gcc's own makefile calls them. */
const MADE_AS: Readonly<Record<string, string>> = { gcc: 'xgcc', 'g++': 'xg++' };

const DRIVERS = BUILT_PROGRAMS.filter((name) => !/^(cc1|cc1plus|lto1)$/.test(name));

/** How a gcc was configured. */
export interface GccConfiguration {
  /** Without those that say of which machine, of which languages and in which stages it is built. */
  readonly options: readonly string[];
  readonly languages: readonly string[];
}

/** Folders of languages that are called otherwise; C has none. */
const FOLDER_OF: Readonly<Record<string, string>> = { 'c++': 'cp', 'obj-c++': 'objcp', ada: 'ada/gcc-interface' };

/** The configuration that a gcc driver tells of itself. */
export function gccConfiguration(driver: Buffer): GccConfiguration {
  const at = driver.indexOf('/configure -v --with-pkgversion=', 0, 'latin1');
  if (at < 0) throw new PolyarchError('ACCEL_UNAVAILABLE', 'the compiler does not tell how it was configured');
  const text = driver.toString('latin1', at, driver.indexOf(0, at));
  const words = Array.from(text.matchAll(/(?:'[^']*'|[^\s'])+/g), ([word]) => word.replaceAll("'", ''));
  const replaced = /^(-v|--(build|host|enable-languages|with-build-config|enable-link-\w+)(=.*)?)$/;
  const enabled = words.find((word) => word.startsWith('--enable-languages='))?.split('=')[1] ?? '';
  const languages = [...enabled.split(',').filter((name) => name !== 'c'), 'lto'].toSorted();
  return { options: words.slice(1).filter((word) => !replaced.test(word)), languages };
}

export interface GccBuild {
  /** The image to build in. */
  readonly base: string;
  /** The .dsc, in the folder `source` of the context. */
  readonly dsc: string;
  readonly configuration: GccConfiguration;
  readonly foreign: DebianArchitecture;
  readonly native: DebianArchitecture;
}

/** The Dockerfile of such a build; its result is BUILT_PROGRAMS. */
export function gccDockerfile({ base, dsc, configuration, foreign, native }: GccBuild): string {
  const { options, languages } = configuration;
  const cross = foreign.gnu.replaceAll('_', '-');
  const packages = [
    'dpkg-dev debhelper quilt autoconf2.69 automake patchutils lsb-release gawk m4 xz-utils flex bison',
    'gcc g++ make libc6-dev libgmp-dev libmpfr-dev libmpc-dev libisl-dev zlib1g-dev libzstd-dev',
    `binutils-${cross} libc6-dev-${foreign.debian}-cross`,
  ].join(' ');
  const configure = [
    '../tree/src/configure',
    ...options,
    '--with-build-sysroot=/sysroot',
    '--enable-languages=c,c++,lto',
    `--build=${native.gnu}`,
    `--host=${native.gnu}`,
  ];
  // Linked so that it needs nothing of the pack. Its configure takes -O2 out of CFLAGS: the makefile above it hands it down.
  const make = 'make -j$(nproc) -C gcc CFLAGS=-O2 CXXFLAGS=-O2 LDFLAGS=-static';
  const quiet = (command: string): string => `RUN { ${command}; } >/tmp/log 2>&1 || { tail -n 40 /tmp/log; exit 1; }`;
  const parts = 'all-libcpp all-libdecnumber all-libbacktrace all-libcody all-libiberty';
  const tools = 'all-build-libiberty all-build-libcpp all-build-fixincludes';
  return [
    `FROM ${base} AS build`,
    'ENV DEBIAN_FRONTEND=noninteractive',
    quiet(`apt-get update && apt-get install -y --no-install-recommends ${packages}`),
    'WORKDIR /build',
    quiet(
      `dpkg-source --no-check -x /source/${dsc} tree && cd tree && dpkg-architecture --host-arch ${foreign.debian} --target-arch ${foreign.debian} -c debian/rules patch`,
    ).replace('RUN ', 'RUN --mount=target=/source,source=source '),
    'WORKDIR /build/made',
    'ENV CFLAGS=-O2 CXXFLAGS=-O2',
    `RUN mkdir -p /sysroot/usr && ln -s /usr/${foreign.gnu}/include /sysroot/usr/include`,
    quiet(configure.map(quoted).join(' ')),
    quiet(`make -j$(nproc) configure-gcc ${parts} ${tools}`),
    // Folders as a native compiler has them, and the driver knows all languages' suffixes.
    `RUN cd gcc && specs() { for one in ${languages.map((name) => FOLDER_OF[name] ?? name).join(' ')}; do printf ' %s' ../../tree/src/gcc/$one/lang-specs.h; done; } && sed -i -e 's/-DCROSS_DIRECTORY_STRUCTURE//' -e 's,^\\(gcc_gxx.*include_dir = .*(libsubdir_to_prefix)\\)${foreign.gnu}/,\\1,' -e "s,^lang_specs_files=.*,lang_specs_files=$(specs)," Makefile && grep '^lang_.*_files=' Makefile`,
    quiet(`${make} ${DRIVERS.map((name) => MADE_AS[name] ?? name).join(' ')}`),
    // The makefile times the compilers' links.
    quiet('apt-get install -y --no-install-recommends time'),
    quiet(`${make} cc1 cc1plus lto1`),
    `RUN mkdir /out && ${BUILT_PROGRAMS.map((name) => `strip -o /out/${name} gcc/${MADE_AS[name] ?? name}`).join(' && ')}`,
    'FROM scratch',
    'COPY --from=build /out /',
    '',
  ].join('\n');
}

function quoted(word: string): string {
  return /^[\w=,./:+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
