import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProofCase } from './case.ts';

const SCRIPTS = ['machine', 'floats', 'integers', 'orders', 'bytes', 'jobs'];

/** Each script of bash/ in both locales in which programs may run native. */
const STEP = [
  'unset RUN; cd /work',
  `{ tr -d '\\000' <bytes.bin; echo; } >raw`,
  ...SCRIPTS.map((name) => {
    const script = readFileSync(join(import.meta.dirname, 'bash', `${name}.sh`), 'utf8');
    return `cat >${name}.sh <<'SCRIPT'\n${script}SCRIPT`;
  }),
  `for l in C C.UTF-8; do for s in ${SCRIPTS.join(' ')}; do LC_ALL=$l bash $s.sh >/out/$s-$l 2>&1 </dev/null; echo status $? >>/out/$s-$l; sed -E -i 's/: +[0-9]+ (Killed|Terminated|File)/: \\1/' /out/$s-$l; done; done`,
].join('\n');

function makeCase(name: string, base: string): ProofCase {
  return { name, base, platforms: ['linux/arm64'], step: STEP, native: ['bash'] };
}

const ADD_SOURCES = `sed -i 's/^deb \\(.*\\)/&\\ndeb-src \\1/' /etc/apt/sources.list && apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc make libc6-dev xz-utils`;

function unpackSource(name: string): string {
  return `mkdir /source && cd /source && apt-get source -qq --download-only ${name} && tar xf ${name}_*.orig.tar.* --strip-components=1`;
}

/**
 * bash's own tests, of the source package: what each prints, and how that differs from what it should print. Not those that depend on
 * time, process ids, or other character sets.
 */
const TESTS: ProofCase = {
  name: 'bash tests',
  base: 'debian:bookworm',
  platforms: ['linux/arm64'],
  setup: `${ADD_SOURCES} && ${unpackSource('bash')} && touch config.h && for t in recho zecho printenv xcase; do gcc -DHAVE_UNISTD_H -DHAVE_STRING_H -DHAVE_STDLIB_H -I. -Iinclude -o tests/$t support/$t.c || exit 1; done`,
  step: `unset RUN; cd /source/tests; : >glob2.sub; rm run-all run-minimal run-gprof run-read run-execscript; export THIS_SH=/bin/bash BUILD_DIR=/source TMPDIR=/tmp PATH=.:$PATH; for t in run-*; do BASH_TSTOUT=/out/$t.text timeout -k 1 300 sh $t >/out/$t 2>&1 </dev/null; done`,
  native: ['bash'],
};

/** A whole project's configure and make: what they decide, write and compile, but for how fine a clock they found and ld's name. */
const AUTOTOOLS: ProofCase = {
  name: 'autotools, trixie',
  base: 'debian:trixie-stand-in',
  platforms: ['linux/arm64'],
  setup: `${ADD_SOURCES} && ${unpackSource('gzip')}`,
  step: `unset RUN; cd /source; ./configure 2>&1 | grep -v timestamp >/out/configure; make >/out/make 2>&1; grep -v -e '^uname' -e ' PID ' -e '^  \\$' -e configure: -e timestamp -e 'ld: /tmp/cc' config.log >/out/config.log; cp config.status lib/config.h lib/Makefile Makefile gzip *.o /out`,
  native: ['bash', 'make', 'cc1'],
};

export const BASH_CASES: readonly ProofCase[] = [
  makeCase('bash', 'debian:bookworm'),
  makeCase('bash, trixie', 'debian:trixie-stand-in'),
  TESTS,
  AUTOTOOLS,
];
