import type { ToolPair } from './pairs.ts';

const BIN = ['bin/*', 'sbin/*'];

/**
 * What busybox and GNU's coreutils both have and what gives the same wherever it runs. Not: what tells the architecture (uname, arch),
 * turns the environment's order round (env, printenv), counts with floating point numbers (seq), prints words of the
 * machine's byte order (od), or is different each time (shuf, shred).
 */
const NEUTRAL = (
  '[ base64 basename cat chgrp chmod chown chroot cksum comm cp cut date dd df dirname du echo expand expr factor false fold ' +
  'groups head id install link ln ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc paste pwd readlink realpath rm rmdir ' +
  'sha1sum sha256sum sha512sum sleep split stat sum sync tac tail tee test timeout touch tr true truncate tty unexpand uniq ' +
  'unlink wc whoami yes'
).split(' ');

/** The rest of busybox's: the shell, search, archives, users. Its awk, bc and dc count with floating point numbers. */
const BUSYBOX = (
  'sh ash [[ addgroup adduser bunzip2 bzcat bzip2 cmp cpio delgroup deluser diff dos2unix ed egrep fgrep find flock getopt grep ' +
  'gunzip gzip lzcat lzma patch printf rev run-parts sed setsid sha3sum sort strings tar unix2dos unlzma unxz unzip usleep ' +
  'uudecode uuencode which xargs xxd xzcat zcat'
).split(' ');

/** The rest of coreutils'; sort and printf work with long doubles. */
const COREUTILS =
  'b2sum base32 basenc csplit dir dircolors fmt join logname pathchk pr ptx sha224sum sha384sum tsort vdir'.split(' ');

/** Names whose programs know 32 bits of time or size differently. */
const OF_64_BITS = ['date', 'touch', 'stat', 'ls', 'df', 'du', 'find', 'dir', 'vdir'];

/** Debian's names of the architectures for which scripts/prove-alpine.ts was run to its end. */
const PROVED = ['arm64', 'armhf', 'ppc64el', 's390x', 'riscv64'];

/** Pairs of Alpine's packages, the same version on both sides. */
export const ALPINE_PAIRS: readonly ToolPair[] = [
  {
    family: 'base',
    apk: true,
    package: 'busybox',
    programs: ['bin/busybox'],
    // Alpine's shell starts applets as programs of their own (FEATURE_SH_STANDALONE and SH_NOFORK are off).
    rules: ['names'],
    names: [...NEUTRAL, ...BUSYBOX],
    except32: OF_64_BITS,
    level: 'exact',
    proved: { upstream: ['1.36.1'], architectures: PROVED },
  },
  {
    family: 'base',
    apk: true,
    package: 'apk-tools',
    programs: ['sbin/apk', 'bin/apk'],
    rules: ['apk'],
    level: 'exact',
    proved: { upstream: ['2.14.4'], architectures: PROVED },
  },
  {
    family: 'base',
    apk: true,
    package: 'coreutils',
    programs: BIN,
    rules: ['names'],
    names: [...NEUTRAL, ...COREUTILS],
    except32: OF_64_BITS,
    level: 'compatible',
  },
  ...['sed', 'grep', 'tar', 'gzip', 'bzip2', 'diffutils', 'm4', 'dash'].map((name): ToolPair => ({
    family: 'base',
    apk: true,
    package: name,
    programs: BIN,
    level: 'compatible',
  })),
  ...['xz', 'zstd', 'patch', 'findutils'].map((name): ToolPair => ({
    family: 'base',
    apk: true,
    package: name,
    programs: BIN,
    except32: ['xz', 'zstd', 'patch', 'find'],
    level: 'compatible',
  })),
];

/** The packages whose libraries native tools of Alpine's load; a tool that needs another one is emulated. */
export const ALPINE_LIBRARIES: ReadonlySet<string> = new Set(
  (
    'musl libgcc libstdc++ zlib libcrypto3 libssl3 libcrypto1.1 libssl1.1 acl-libs libacl libattr pcre2 pcre xz-libs zstd-libs libbz2 lz4-libs ' +
    'utmps-libs skalibs-libs skalibs gmp libapk libcap2 libidn2 libunistring'
  ).split(' '),
);
