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

/** bash's own tests, of the source package: what each prints, and how that differs from what it should print. */
function makeTests(name: string, base: string): ProofCase {
  return {
    name,
    base,
    platforms: ['linux/arm64'],
    setup: `sed -i 's/^deb \\(.*\\)/&\\ndeb-src \\1/' /etc/apt/sources.list && apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev xz-utils && mkdir /bash && cd /bash && apt-get source -qq --download-only bash && tar xf bash_*.orig.tar.* --strip-components=1 && touch config.h && for t in recho zecho printenv xcase; do gcc -DHAVE_UNISTD_H -DHAVE_STRING_H -DHAVE_STDLIB_H -I. -Iinclude -o tests/$t support/$t.c || exit 1; done`,
    step: `unset RUN; cd /bash/tests; export THIS_SH=/bin/bash BUILD_DIR=/bash TMPDIR=/tmp PATH=.:$PATH; for t in run-*; do case $t in run-all | run-minimal | run-gprof) continue ;; esac; BASH_TSTOUT=/out/$t.text timeout -k 1 100 sh $t >/out/$t 2>&1 </dev/null; done`,
    native: ['bash'],
  };
}

export const BASH_CASES: readonly ProofCase[] = [
  makeCase('bash', 'debian:bookworm'),
  makeCase('bash, trixie', 'debian:trixie-stand-in'),
  makeTests('bash tests', 'debian:bookworm'),
  makeTests('bash tests, trixie', 'debian:trixie-stand-in'),
];
