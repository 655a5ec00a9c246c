import type { AccelRule } from './accel-map.ts';
import { ALPINE_PAIRS } from './alpine-pairs.ts';

/** `exact`: proved to give the same bytes. `compatible`: also what may differ in corners, and other revisions of one upstream version. */
export type AccelLevel = 'exact' | 'compatible';

/** What a person asks with --accel. */
export type AccelMode = AccelLevel | 'off';

/** Tools that come together; all but `base` are only looked at where a step has them or installs them. */
export type ToolFamily = 'base' | 'binutils' | 'gcc' | 'go' | 'python';

/** A package of Debian's, or of Alpine's, whose programs may run as those of the build machine's own architecture. */
export interface ToolPair {
  readonly family: ToolFamily;
  /** Of Alpine's packages; else of Debian's and Ubuntu's. */
  readonly apk?: true;
  /** The foreign package. `{gnu}` is the foreign architecture's GNU name, e.g. `aarch64-linux-gnu`. */
  readonly package: string;
  /**
   * What runs in its place: the same package of the build machine's architecture (default), Debian's cross compiler
   * (VERSION`cross`N), or what was built here from the source package `source`.
   */
  readonly native?: 'same' | 'cross' | 'built';
  readonly source?: string;
  /** Paths in the foreign package without a leading `/usr` or `/`; `*` is any part of a name. */
  readonly programs: readonly string[];
  /** Names of programs that never run native. */
  readonly except?: readonly string[];
  /** The same for foreign architectures of 32 bits, where times and sizes have other bounds. */
  readonly except32?: readonly string[];
  readonly rules?: readonly AccelRule[];
  /** For the rule `names`: those under which the programs run native. */
  readonly names?: readonly string[];
  /**
   * For the rule `go-command`: what the foreign command takes for itself where its environment says nothing, by Debian's names of
   * architectures. `CGO_ENABLED=gcc` is 1 where gcc is found, as since Go 1.20.
   */
  readonly environment?: Readonly<Record<string, readonly string[]>>;
  readonly level: AccelLevel;
  /** What its native programs, on x86-64, know of their machine. */
  readonly machine?: MachineTraits;
  /** Default libc's. */
  readonly allocator?: Allocator;
  /** Only these foreign versions (with their rebuilds, +bN), upstream versions and architectures (Debian's names) are proved; default all. */
  readonly proved?: {
    readonly versions?: readonly string[];
    readonly upstream?: readonly string[];
    readonly architectures?: readonly string[];
  };
}

/** A faster malloc than libc's for programs that spend their time there. Where it cannot be had they have libc's. */
export interface Allocator {
  /** Of the native architecture; one of LIBRARIES. */
  readonly package: string;
  readonly library: string;
  /** With what the names of its environment variables begin; they do not count. */
  readonly settings: string;
  /** Names of programs. */
  readonly programs: readonly string[];
}

/** What is compiled into an x86-64 program of its own machine, and accel/patch-machine.ts changes. */
export interface MachineTraits {
  /**
   * Texts, and how often the program uses each. `{gnu}` is the GNU name, `{cpu}` what is before its first hyphen, `{system}` the
   * rest, `*` a vendor.
   */
  readonly names: Readonly<Record<string, number>>;
  /**
   * Code, in hexadecimal, that gives a character a sign (movsb…, 0f be), and shall give it none (movzb…, 0f b6): plain characters have
   * one on x86, and nowhere else. Of each row one form is there, so many times.
   */
  readonly signs: readonly Readonly<Record<string, number>>[];
  /** It loads the library of accel/foreign/, which gives it what libc gives on the foreign machine: long doubles of 128 bits, and QEMU's limits. */
  readonly library?: boolean;
}

/** Debian's and Alpine's name of an architecture, its GNU name, and Go's in the folder of its tools. */
export interface DebianArchitecture {
  /** As in a platform. */
  readonly architecture: string;
  readonly debian: string;
  readonly alpine: string;
  readonly gnu: string;
  readonly go: string;
  readonly bits: 32 | 64;
}

export const DEBIAN_ARCHITECTURES: readonly DebianArchitecture[] = [
  { architecture: 'amd64', debian: 'amd64', alpine: 'x86_64', gnu: 'x86_64-linux-gnu', go: 'amd64', bits: 64 },
  { architecture: 'arm64', debian: 'arm64', alpine: 'aarch64', gnu: 'aarch64-linux-gnu', go: 'arm64', bits: 64 },
  { architecture: 'arm', debian: 'armhf', alpine: 'armv7', gnu: 'arm-linux-gnueabihf', go: 'arm', bits: 32 },
  {
    architecture: 'ppc64le',
    debian: 'ppc64el',
    alpine: 'ppc64le',
    gnu: 'powerpc64le-linux-gnu',
    go: 'ppc64le',
    bits: 64,
  },
  { architecture: 's390x', debian: 's390x', alpine: 's390x', gnu: 's390x-linux-gnu', go: 's390x', bits: 64 },
  { architecture: 'riscv64', debian: 'riscv64', alpine: 'riscv64', gnu: 'riscv64-linux-gnu', go: 'riscv64', bits: 64 },
];

const BIN = ['bin/*', 'sbin/*'];

/** Debian's architectures for which the cases of scripts/prove-packs.ts were run to their end. */
const PROVED_IN_BOOKWORM = ['arm64', 'armhf', 'ppc64el', 's390x'];
const PROVED = [...PROVED_IN_BOOKWORM, 'riscv64'];

/** Tools of the same package and version on both sides. */
const SAME_VERSION: readonly ToolPair[] = [
  { family: 'base', package: 'dash', programs: BIN, level: 'exact' },
  { family: 'base', package: 'sed', programs: BIN, level: 'exact' },
  { family: 'base', package: 'grep', programs: BIN, level: 'exact' },
  { family: 'base', package: 'tar', programs: BIN, level: 'exact' },
  { family: 'base', package: 'gzip', programs: BIN, level: 'exact' },
  { family: 'base', package: 'bzip2', programs: BIN, level: 'exact' },
  // Its memory limits, and so its threads and blocks, depend on the width of addresses.
  { family: 'base', package: 'xz-utils', programs: BIN, except32: ['xz'], level: 'exact' },
  { family: 'base', package: 'zstd', programs: BIN, except32: ['zstd'], level: 'exact' },
  { family: 'base', package: 'diffutils', programs: BIN, level: 'exact' },
  { family: 'base', package: 'findutils', programs: BIN, except32: ['find'], level: 'exact' },
  { family: 'base', package: 'patch', programs: BIN, except32: ['patch'], level: 'exact' },
  { family: 'base', package: 'm4', programs: BIN, level: 'exact' },
  { family: 'base', package: 'debianutils', programs: ['bin/run-parts'], level: 'exact' },
  {
    family: 'base',
    package: 'dpkg',
    programs: ['bin/dpkg', 'bin/dpkg-*', 'bin/update-alternatives'],
    level: 'exact',
  },
  {
    family: 'base',
    package: 'apt',
    programs: ['bin/apt', 'bin/apt-*', 'lib/apt/methods/*', 'lib/apt/apt-extracttemplates'],
    // lz4, as which the package lists are kept, is another one with addresses of 32 bits; apt-extracttemplates was not proved there.
    except32: ['store', 'rred', 'apt-extracttemplates'],
    level: 'exact',
    proved: { architectures: ['arm64', 'armhf'] },
  },
  // What debconf reads packages with before they are installed; since trixie it is a part of apt.
  {
    family: 'base',
    package: 'apt-utils',
    programs: ['bin/apt-extracttemplates'],
    level: 'exact',
    proved: { architectures: ['arm64'] },
  },
  // What apt checks signatures with: gpgv to bookworm, then sqv.
  { family: 'base', package: 'gpgv', programs: BIN, level: 'exact', proved: { architectures: PROVED_IN_BOOKWORM } },
  { family: 'base', package: 'sqv', programs: BIN, level: 'exact', proved: { architectures: ['arm64'] } },
  {
    family: 'base',
    package: 'coreutils',
    programs: BIN,
    // QEMU turns the order of the environment round; stdbuf's library is for programs of its own architecture; login records and host ids have other layouts.
    except: 'arch uname env printenv printf seq numfmt sort od stdbuf who users pinky hostid uptime'.split(' '),
    except32: ['date', 'touch', 'stat', 'ls', 'df', 'du'],
    level: 'exact',
  },
  {
    family: 'base',
    package: 'make',
    programs: BIN,
    machine: {
      names: { '{cpu}-*-{system}': 1, '/usr/lib/{gnu}': 1 },
      // alpha_compare, by which $(sort) goes
      signs: [{ '0fbe070fbe1638d0': 1 }],
    },
    level: 'exact',
    proved: { versions: ['4.3-4.1', '4.4.1-2'], architectures: ['arm64'] },
  },
  {
    family: 'base',
    package: 'bash',
    programs: BIN,
    machine: {
      names: { '{cpu}-*-{system}': 3, '{cpu}': 1, '{system}': 1 },
      signs: [
        // hash_string, and where it is a part of others: the order of associative arrays
        { '400fbec60fb637': 1 },
        { '410fbec0440fb607': 1 },
        { '410fbef44584e4': 1 },
        { '0fbe374084f675': 1 },
        { '410fbedc440fb6': 1 },
        { '410fbeccbbc59d1c81': 1 },
        { '0fbe0e84c975': 1 },
        { '410fbe142484d2': 1 },
        { '0fbe1684d275': 1 },
        // what sorts aliases, functions, variables, builtins and completions; file names in posix mode
        { '0fbe070fbe1629d0': 5 },
        { '0fbe030fbe550029d0': 1 },
        // xdupmbstowcs and sh_modcase: bytes that are no character in UTF-8
        { '410fbe0141894500': 1, '0fbe03418906': 1 },
        { '440fbe7500': 2 },
        // sh_getopt: an option \\xff is not the end
        { '450fbee7488d53': 1, '450fbeef488d53': 1 },
      ],
      library: true,
    },
    level: 'exact',
    proved: { versions: ['5.2.15-2', '5.2.37-2'], architectures: ['arm64'] },
  },
  // NaN has another sign on amd64, and the last bit of logarithms may differ.
  { family: 'base', package: 'mawk', programs: BIN, level: 'compatible' },
  { family: 'base', package: 'gawk', programs: BIN, level: 'compatible' },
  {
    family: 'binutils',
    package: 'binutils-{gnu}',
    programs: ['bin/{gnu}-*'],
    except: ['{gnu}-gprof', '{gnu}-gprofng', '{gnu}-gp-*'],
    rules: ['linker-plugin'],
    level: 'exact',
    proved: { architectures: ['arm64'] },
  },
];

/** Those of Go's tools that the proofs run. */
const PROVED_GO = ['compile', 'link', 'asm', 'vet', 'nm', 'pack'];

function goPair(version: string, tools: readonly string[]): ToolPair {
  return {
    family: 'go',
    package: `golang-${version}-go`,
    programs: tools.map((tool) => `lib/go-${version}/pkg/tool/linux_{go}/${tool}`),
    rules: ['go-tool'],
    level: 'compatible',
  };
}

/** The commands of go that work for an architecture alike on every machine. */
const GO_COMMANDS = ['build', 'mod'];

function goCommandPair(
  version: string,
  { rules, environment }: Pick<ToolPair, 'rules'> & Required<Pick<ToolPair, 'environment'>>,
): ToolPair {
  return {
    family: 'go',
    package: `golang-${version}-go`,
    programs: [`lib/go-${version}/bin/go`],
    rules: ['names', 'go-command', ...(rules ?? [])],
    names: GO_COMMANDS,
    environment,
    level: 'exact',
    proved: { architectures: Object.keys(environment) },
  };
}

/**
 * The programs of a Go release that lies in `/usr/local/go`, as the golang images have it; those of the same release of this machine's
 * architecture run in their place. Since 1.21 Go's own builds show that its tools give the same bytes on every machine.
 */
export const GO_TOOLCHAIN: readonly ToolPair[] = [
  {
    family: 'go',
    package: 'go',
    programs: [...PROVED_GO, 'cgo', 'cover', 'buildid'].map((tool) => `pkg/tool/linux_{go}/${tool}`),
    rules: ['go-tool'],
    level: 'exact',
  },
  {
    family: 'go',
    package: 'go',
    programs: ['bin/go'],
    // The golang images set GOTOOLCHAIN=local.
    rules: ['names', 'go-command', 'go-local'],
    names: GO_COMMANDS,
    environment: { arm64: ['GOARCH=arm64', 'CGO_ENABLED=gcc'] },
    level: 'exact',
  },
];

/** Debian's architectures for which they are proved. */
export const PROVED_GO_TOOLCHAIN: readonly string[] = ['arm64'];

/** docs/decisions/0014-allocator-of-the-cross-compiler.md */
export const MIMALLOC: Allocator = {
  package: 'libmimalloc3',
  library: 'libmimalloc.so.3',
  settings: 'mimalloc_',
  programs: ['cc1', 'cc1plus', 'lto1'],
};

/**
 * The pairs. docs/acceleration-proofs.md says what proves each; what is not here is emulated. Never here: what tells or depends on
 * the architecture (uname, arch, ldconfig) and cannot be changed to tell the foreign one, runs other people's code (perl, python
 * in general), and what prints or compares long doubles (printf, seq, numfmt, sort -g, od).
 */
export const PAIRS: readonly ToolPair[] = [
  // Elsewhere --accel=compatible takes them.
  ...SAME_VERSION.map((pair): ToolPair => ({ proved: { architectures: PROVED }, ...pair })),
  ...['cpp-14-{gnu}', 'gcc-14-{gnu}', 'g++-14-{gnu}'].map((name): ToolPair => ({
    family: 'gcc',
    package: name,
    native: 'cross',
    programs: ['bin/{gnu}-*', 'libexec/gcc/{gnu}/14/*'],
    except: ['g++-mapper-server', '{gnu}-gcov-14', '{gnu}-gcov-dump-14', '{gnu}-gcov-tool-14', '{gnu}-lto-dump-14'],
    rules: ['compiler'],
    allocator: MIMALLOC,
    level: 'exact',
    proved: { versions: ['14.2.0-19'], architectures: ['arm64'] },
  })),
  {
    family: 'gcc',
    package: 'gcc-12',
    // What ld, ar and nm load; the compiler itself is another one for each target.
    programs: ['lib/gcc/{gnu}/12/liblto_plugin.so'],
    level: 'exact',
    proved: { architectures: ['arm64'] },
  },
  // Debian's cross compiler of bookworm gives other bytes.
  ...['cpp-12', 'gcc-12', 'g++-12'].map((name): ToolPair => ({
    family: 'gcc',
    package: name,
    native: 'built',
    source: 'gcc-12',
    programs: ['bin/{gnu}-*', 'lib/gcc/{gnu}/12/*'],
    except: [
      'liblto_plugin.so',
      'g++-mapper-server',
      ...['gcov', 'gcov-dump', 'gcov-tool', 'lto-dump'].map((tool) => `{gnu}-${tool}-12`),
    ],
    rules: ['compiler'],
    level: 'exact',
    proved: { versions: ['12.2.0-14+deb12u1'], architectures: ['arm64'] },
  })),
  { ...goPair('1.19', PROVED_GO), level: 'exact', proved: { architectures: ['arm64', 'armhf'] } },
  { ...goPair('1.24', PROVED_GO), level: 'exact', proved: { architectures: ['arm64'] } },
  goCommandPair('1.19', {
    environment: {
      arm64: ['GOARCH=arm64', 'CGO_ENABLED=1'],
      armhf: ['GOARCH=arm', 'GOARM=6', 'CGO_ENABLED=1'],
    },
  }),
  goCommandPair('1.24', { rules: ['go-local'], environment: { arm64: ['GOARCH=arm64', 'CGO_ENABLED=gcc'] } }),
  // Expected to be the same, not proved.
  ...['1.15', '1.18', '1.19', '1.21', '1.22', '1.23', '1.24'].map((version) => goPair(version, ['*'])),
  ...['3.11', '3.12', '3.13'].map((version): ToolPair => ({
    family: 'python',
    package: `python${version}-minimal`,
    programs: [`bin/python${version}`],
    rules: ['python-compile'],
    level: 'compatible',
  })),
  ...ALPINE_PAIRS,
];

/** Whether any tool runs native for that platform on this level, where the machine and the packages allow it. */
export function hasPacks({ architecture }: { readonly architecture: string }, level: AccelLevel): boolean {
  const debian = DEBIAN_ARCHITECTURES.find((one) => one.architecture === architecture)?.debian;
  if (debian === undefined) return false;
  if (level === 'compatible') return true;
  return PAIRS.some(({ level: own, proved }) => own === 'exact' && (proved?.architectures?.includes(debian) ?? true));
}

/**
 * The packages whose programs and libraries have the name of their architecture compiled in, at places that
 * accel/patch-architecture.ts knows.
 */
export const KNOWS_ARCHITECTURE = /^(dpkg|apt|libapt-pkg\d.*)$/;

/** Words of a step's command that say that it installs a family's packages. */
export const FAMILY_WORDS: Readonly<Record<Exclude<ToolFamily, 'base'>, RegExp>> = {
  binutils: /^(binutils|gcc|g\+\+|gcc-\d+|g\+\+-\d+|build-essential|clang(-\d+)?|golang(-go)?)$/,
  gcc: /^(gcc|g\+\+|cpp|gcc-\d+|g\+\+-\d+|cpp-\d+|build-essential)$/,
  go: /^golang(-go|-any|-[\d.]+(-go)?)?$/,
  python: /^(python3.*|build-essential)$/,
};

/** The packages whose libraries native tools load (apt's own for apt-utils); a tool that needs another one is emulated. */
export const LIBRARIES: ReadonlySet<string> = new Set(
  (
    'libc6 libgcc-s1 libstdc++6 zlib1g libzstd1 liblzma5 libbz2-1.0 liblz4-1 libmd0 ' +
    'libselinux1 libpcre2-8-0 libpcre3 libacl1 libattr1 libcap2 libgmp10 libssl3 libssl3t64 ' +
    'libmpfr6 libmpc3 libisl23 libjansson4 libsframe1 libctf0 libctf-nobfd0 libbinutils libsystemd0 ' +
    'libxxhash0 libgcrypt20 libgpg-error0 libnpth0 libnpth0t64 libassuan0 libsigsegv2 libreadline8 libreadline8t64 ' +
    `libtinfo6 libexpat1 libcrypt1 ${MIMALLOC.package} ` +
    'apt libapt-pkg6.0 libapt-pkg6.0t64 libapt-pkg7.0 libudev1 libseccomp2 libgnutls30 libgnutls30t64 libp11-kit0 libidn2-0 ' +
    'libunistring2 libunistring5 libtasn1-6 libnettle8 libnettle8t64 libhogweed6 libhogweed6t64 libffi8'
  ).split(' '),
);
