import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, startClient, step } from '../executor/client.ts';
import { temporaryFolder } from '../support/environment.ts';
import { makeBusyboxPack } from './busybox-pack.ts';

const folder = temporaryFolder();
let client: Client;

beforeAll(async () => {
  client = await startClient(folder.path);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Environment, rule of the program, its arguments, and whether it runs native. */
const CASES: readonly (readonly [environment: string, rule: string, line: string, isNative: boolean])[] = [
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

/** Runs echo by each case's rule, all in one step: what each printed, and whether it ran native. */
async function runCases(
  architecture: string,
  cases: readonly (readonly [string, string, string, ...unknown[]])[],
): Promise<readonly { readonly output: string; readonly isNative: boolean }[]> {
  const { rootfs, pack } = await makeBusyboxPack(folder.path, architecture);
  mkdirSync(join(rootfs, 'etc/apk'), { recursive: true });
  writeFileSync(join(rootfs, 'etc/apk/arch'), 'aarch64\n');
  writeFileSync(join(rootfs, 'tmp/options'), '-O2 -c\n');
  writeFileSync(join(rootfs, 'tmp/native-options'), '-O2\n"-march=native"\n');
  writeFileSync(join(rootfs, 'tmp/long-options'), `${'-O2 '.repeat(10_000)}-fplugin=x`);
  // wc is a part of the shell there: it adds nothing to what ran.
  const count = 'wc -c < /dev/.accel/ran';
  const commands = cases.map(([environment, rule, line]) => {
    const words = line.split(' ').filter((word) => word !== '');
    return `${count}; ${environment} /${rule}/echo ${words.map((word) => `'${word}'`).join(' ')}; ${count}`;
  });
  const platform = { os: 'linux', architecture };
  const args = ['sh', '-c', commands.join('\n')];
  const answer = await client.run(step({ rootfs, accel: pack, platform, args }));
  expect(answer.error).toBeUndefined();
  const lines = answer.output.split('\n');
  return cases.map((_, index) => {
    const [before, output = '', after] = lines.slice(index * 3);
    return { output, isNative: Number(after) === Number(before) + 2 };
  });
}

let results: Awaited<ReturnType<typeof runCases>> = [];
beforeAll(async () => {
  results = await runCases('arm64', CASES);
});

test.each(CASES.map((one, index) => [...one, index] as const))('%s %s %s', (_env, _rule, line, isNative, index) => {
  expect(results[index]).toEqual({
    // The plugin that the map knows is given as the native one.
    output: isNative ? line.replace('/lib/known.so', '/dev/.accel/lib/native-plugin.so') : line,
    isNative,
  });
});

test('C.UTF-8 on a machine of the other byte order', async () => {
  const cases = [
    ['LANG=C.UTF-8', 'plain', ''],
    ['LANG=C', 'plain', ''],
  ] as const;
  expect((await runCases('s390x', cases)).map(({ isNative }) => isNative)).toEqual([false, true]);
});

/** A call of busybox, and what it prints: `uname -m` is this machine's when native. */
const NAMES: readonly (readonly [line: string, isNative: boolean])[] = [
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
];

test('a program of many names runs native under those of its list, and apk where the root filesystem names its architecture', async () => {
  const { rootfs, pack } = await makeBusyboxPack(join(folder.path, 'names'), 'arm64');
  const count = 'wc -c < /dev/.accel/ran';
  const lines = [...NAMES, ['/apk/echo add', false] as const];
  const script = lines.map(([line]) => `${count}; (${line}) >/dev/null 2>&1; ${count}`).join('\n');
  const platform = { os: 'linux', architecture: 'arm64' };
  const run = async () => {
    const { output } = await client.run(step({ rootfs, accel: pack, platform, args: ['sh', '-c', script] }));
    const counts = output.trim().split('\n').map(Number);
    return lines.map(([line], index) => [line, (counts[index * 2 + 1] ?? 0) > (counts[index * 2] ?? 0)]);
  };
  expect(await run()).toEqual(lines);
  rmSync(join(pack, 'names/busybox.names'));
  expect((await run()).filter(([, isNative]) => isNative)).toEqual([]);
});

/** The environment and the arguments of a go command, which prints those of its variables that are named; undefined where it is emulated. */
const COMMANDS: readonly (readonly [environment: string, line: string, output: string | undefined])[] = [
  ['CGO_ENABLED=0', 'command GOARCH GOARM GOROOT CGO_ENABLED', 'arm64 6 /command 0'],
  ['CGO_ENABLED=1 GOARCH=amd64 GOARM=7 GOROOT=/x', 'command GOARCH GOARM GOROOT', 'amd64 7 /x'],
  ['CGO_ENABLED=0 GOARCHITECTURE=x', 'command GOARCH', 'arm64'],
  ['', 'command GOARCH CGO_ENABLED', 'arm64 0'],
  ['PATH=/nowhere:/compilers', 'command CGO_ENABLED', '1'],
  ['CC=clang', 'command CGO_ENABLED', '1'],
  ['CC=', 'command CGO_ENABLED', '0'],
  ['PATH=/folder:/plain-file', 'command CGO_ENABLED', '0'],
  ['PATH=compilers:/compilers', 'command CGO_ENABLED', '0'],
  ['PATH=', 'command CGO_ENABLED', '0'],
  [`PATH=/compilers:${'x'.repeat(1100)}`, 'command CGO_ENABLED', '1'],
  [`PATH=${'x'.repeat(1100)}:/compilers`, 'command CGO_ENABLED', undefined],
  ['', 'command mod', ''],
  ['CGO_ENABLED=', 'command GOARCH', undefined],
  ['CGO_ENABLED=2', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 GOARCH=', 'command GOROOT', undefined],
  ['CGO_ENABLED=0 GOARM=', 'command GOROOT', undefined],
  ['CGO_ENABLED=0 GOROOT=', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 GOFLAGS=-mod=mod', 'command GOARCH', 'arm64'],
  ['CGO_ENABLED=0 GOFLAGS=-x,-toolexec=env', 'command GOARCH', undefined],
  ['CGO_ENABLED=0', 'command GOARCH -toolexec env', undefined],
  ['CGO_ENABLED=0', 'command GOARCH --toolexec=env', undefined],
  ['CGO_ENABLED=0', 'command GOARCH -race', undefined],
  ['CGO_ENABLED=0 GOFLAGS=-msan', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 GOTOOLCHAIN=local', 'command GOARCH', 'arm64'],
  ['CGO_ENABLED=0 GOTOOLCHAIN=auto', 'command GOARCH', undefined],
  ['CGO_ENABLED=0', 'local GOROOT', undefined],
  ['CGO_ENABLED=0 GOTOOLCHAIN=local', 'local GOROOT', '/local'],
  ['CGO_ENABLED=0 GOTOOLCHAIN=local+auto', 'local GOROOT', undefined],
  ['CGO_ENABLED=0 GOENV=/x', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 GOENV=off HOME=/settings', 'command GOARCH', 'arm64'],
  ['CGO_ENABLED=0 HOME=/settings', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 HOME=', 'command GOARCH', 'arm64'],
  ['CGO_ENABLED=0 HOME=/x XDG_CONFIG_HOME=/settings/.config', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 HOME=/settings XDG_CONFIG_HOME=/x', 'command GOARCH', 'arm64'],
];

test('the go command runs native with the variables of its list and the folder that it lies in, where nothing else sets it', async () => {
  const { rootfs, pack } = await makeBusyboxPack(join(folder.path, 'go'), 'arm64');
  mkdirSync(join(rootfs, 'settings/.config/go'), { recursive: true });
  writeFileSync(join(rootfs, 'settings/.config/go/env'), '');
  symlinkSync('../command/bin/go', join(rootfs, 'bin/linked'));
  for (const [place, mode] of [
    ['folder/gcc/x', 0o755],
    ['plain-file/gcc', 0o644],
    ['compilers/gcc', 0o755],
  ] as const) {
    mkdirSync(dirname(join(rootfs, place)), { recursive: true });
    writeFileSync(join(rootfs, place), '', { mode });
  }
  const count = 'wc -c < /dev/.accel/ran';
  const lines = [...COMMANDS, ['CGO_ENABLED=0', 'linked GOROOT', '/command'] as const];
  const script = lines.map(([environment, line]) => {
    const [name = '', ...words] = line.split(' ');
    const path = name === 'linked' ? '/bin/linked' : `/${name}/bin/go`;
    const asked = words.filter((word) => /^[A-Z]/.test(word)).map((word) => `$${word}`);
    const first = asked.length === 0 ? '' : `-c 'echo ${asked.join(' ')}'`;
    const call = `cd /; export ${environment} X=; exec -a sh ${path} ${first} ${words.slice(asked.length).join(' ')}`;
    return `${count}; echo $(${call} 2>/dev/null </dev/null); ${count}`;
  });
  const platform = { os: 'linux', architecture: 'arm64' };
  const { output } = await client.run(step({ rootfs, accel: pack, platform, args: ['sh', '-c', script.join('\n')] }));
  const printed = output.split('\n');
  const found = lines.map(([environment, line], index) => {
    const [before, text, after] = printed.slice(index * 3);
    return [environment, line, Number(after) > Number(before) ? text : undefined];
  });
  expect(found).toEqual(lines);
});
