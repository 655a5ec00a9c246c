import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BusyboxPack } from './busybox-pack.ts';

/*
 * What the dispatcher must do by each rule, as scripts for the shell of makeBusyboxPack's root filesystem, and how their output is
 * read: for the worker (dispatcher-rules.test.ts) and for a kernel of another machine (scripts/prove-arm64-host.ts).
 */

/** Environment, rule of the program, its arguments, and whether it runs native. */
export type RuleCase = readonly [environment: string, rule: string, line: string, isNative: boolean];

export const CASES: readonly RuleCase[] = [
  ['LD_PRELOAD=/lib/known.so', 'plain', '', false],
  ['LD_PRELOAD=', 'plain', '', true],
  ['LD_AUDIT=/lib/known.so', 'plain', '', false],
  ['LD_TRACE_LOADED_OBJECTS=1', 'plain', '', false],
  ['LANG=C', 'plain', '', true],
  ['LANG=C.UTF-8', 'plain', '', true],
  ['LC_CTYPE=C.utf8 LANG=POSIX', 'plain', '', true],
  ['LANG=de_DE.UTF-8', 'plain', '', false],
  ['LC_COLLATE=de_DE.UTF-8', 'plain', '', false],
  ['LANG=de_DE.UTF-8 LC_ALL=C', 'plain', '', true],
  ['LC_ALL=en_US.UTF-8 LANG=C', 'plain', '', false],
  ['GOARCH=arm64', 'go', 'x', true],
  ['GOARCH=', 'go', 'x', false],
  ['', 'compiler', '-c -O2 -march=armv8-a x.c', true],
  ['', 'compiler', '-march=native', false],
  ['', 'compiler', '-c -mcpu=native x.c', false],
  ['', 'compiler', '-mtune=native', false],
  ['', 'compiler', '-fplugin=/lib/x.so', false],
  ['', 'compiler', '-fplugin-arg-x-y=z', false],
  ['', 'compiler', '-finput-charset=latin1', false],
  ['', 'compiler', '-Wp,-fexec-charset=latin1', false],
  ['', 'compiler', '-fwide-exec-charset=UTF-16', false],
  ['', 'compiler', '-DX=-march=native', true],
  ['', 'compiler', '-v -c x.c', false],
  ['', 'compiler', '-print-search-dirs', false],
  ['', 'compiler', '-dumpmachine', false],
  ['', 'compiler', '--version', false],
  ['', 'compiler', '-shared -Wl,--version-script=x.map,-v1', true],
  ['', 'compiler', '-dumpbase x.c -version', true],
  ['', 'go', '-V=full', false],
  ['', 'compiler', '@/tmp/options', true],
  ['', 'compiler', '@/tmp/native-options', false],
  ['', 'compiler', '@/tmp/long-options', false],
  ['', 'compiler', '@/tmp/nowhere', true],
  ['', 'linker', '-o x -plugin-opt=/x x.o', true],
  ['', 'linker', '-x -plugin /lib/known.so y', true],
  ['', 'linker', '-plugin /lib/other.so', false],
  ['', 'linker', '-plugin /lib/nowhere.so', false],
  ['', 'linker', '-plugin /lib/known.so --plugin /lib/known.so', false],
  ['', 'linker', '--plugin=/lib/known.so', false],
  ['', 'linker', '-march=native', true],
  ['', 'python', '-O -m py_compile x.py', true],
  ['', 'python', '-m compileall .', true],
  ['', 'python', '/usr/lib/python3/py_compile.py x', true],
  ['', 'python', '/usr/bin/py3compile -p x', true],
  ['', 'python', '-m http.server', false],
  ['', 'python', '-c print(1) /usr/bin/py3compile', false],
  ['', 'python', 'script.py', false],
  ['', 'python', '', false],
  ['', 'apk', '-q add x', true],
  ['', 'apk', '-U --arch aarch64 add x', true],
  ['', 'apk', '--quiet', false],
  ['', 'apk', '--print-arch', false],
  ['', 'apk', '--print add', false],
  ['', 'apk', '--root=/x add', false],
  ['', 'apk', '-qp /x add', false],
  ['', 'apk', '--initdb add', false],
  ['', 'apk', 'add -V', false],
];

/** For a machine of the other byte order than this one's. */
export const OTHER_ORDER_CASES: readonly RuleCase[] = [
  ['LANG=C.UTF-8', 'plain', '', false],
  ['LANG=C', 'plain', '', true],
];

/** The size of what ran. wc is a part of the shell there: it adds nothing. */
const COUNT = 'wc -c < /dev/.accel/ran';

export function prepareRules({ rootfs }: BusyboxPack): void {
  mkdirSync(join(rootfs, 'etc/apk'), { recursive: true });
  writeFileSync(join(rootfs, 'etc/apk/arch'), 'aarch64\n');
  writeFileSync(join(rootfs, 'tmp/options'), '-O2 -c\n');
  writeFileSync(join(rootfs, 'tmp/native-options'), '-O2\n"-march=native"\n');
  writeFileSync(join(rootfs, 'tmp/long-options'), `${'-O2 '.repeat(10_000)}-fplugin=x`);
}

/** Runs echo by each case's rule, all in one step. */
export function rulesScript(cases: readonly RuleCase[]): string {
  const commands = cases.map(([environment, rule, line]) => {
    const words = line.split(' ').filter((word) => word !== '');
    return `${COUNT}; ${environment} /${rule}/echo ${words.map((word) => `'${word}'`).join(' ')}; ${COUNT}`;
  });
  return commands.join('\n');
}

/** What a call printed, and whether it ran native. */
export interface RuleResult {
  readonly output: string;
  readonly isNative: boolean;
}

export function readRules(output: string, cases: readonly RuleCase[]): readonly RuleResult[] {
  const lines = output.split('\n');
  return cases.map((_, index) => {
    const [before, printed = '', after] = lines.slice(index * 3);
    return { output: printed, isNative: Number(after) === Number(before) + 2 };
  });
}

export function expectedOfRule([, , line, isNative]: RuleCase): RuleResult {
  // The plugin that the map knows is given as the native one.
  return { output: isNative ? line.replace('/lib/known.so', '/dev/.accel/lib/native-plugin.so') : line, isNative };
}

export type NameCase = readonly [line: string, isNative: boolean];

/** A call of busybox, and what it prints: `uname -m` is this machine's when native. */
export const NAMES: readonly NameCase[] = [
  ['/names/uname -m', true],
  ['/names/other -m', false],
  ['/names/busybox uname -m', true],
  ['/names/busybox unam', false],
  ['/names/busybox unames', false],
  ['/names/busybox', false],
  ['/names/busybox other', false],
  ['exec -a -uname /names/busybox -m', true],
  ['exec -a uname /names/other -m', true],
  ['exec -a other /names/uname -m', false],
  ['exec -a /x/busybox /names/other uname', true],
  // There is no /etc/apk/arch.
  ['/apk/echo add', false],
];

/** The list without which no name runs native, in the pack. */
export const NAMES_LIST = 'names/busybox.names';

export function namesScript(): string {
  return NAMES.map(([line]) => `${COUNT}; (${line}) >/dev/null 2>&1; ${COUNT}`).join('\n');
}

export function readNames(output: string): readonly NameCase[] {
  const counts = output.trim().split('\n').map(Number);
  return NAMES.map(([line], index) => [line, (counts[index * 2 + 1] ?? 0) > (counts[index * 2] ?? 0)]);
}
