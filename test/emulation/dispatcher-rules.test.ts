import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, type StepOptions, startClient, step } from '../executor/client.ts';
import type { Answer } from '../executor/test-worker.ts';
import { temporaryFolder } from '../support/environment.ts';
import { type BusyboxPack, makeBusyboxPack } from './busybox-pack.ts';

const folder = temporaryFolder();
const native = process.arch === 'x64' ? 'x86_64' : 'aarch64';
const packs = new Map<string, BusyboxPack>();
let client: Client;

beforeAll(async () => {
  client = await startClient(folder.path);
  for (const debian of ['arm64', 's390x']) packs.set(debian, await makeBusyboxPack(folder.path, debian));
  const rootfs = packs.get('arm64')?.rootfs ?? '';
  writeFileSync(join(rootfs, 'tmp/options'), '-O2 -c\n');
  writeFileSync(join(rootfs, 'tmp/native-options'), '-O2\n"-march=native"\n');
  writeFileSync(join(rootfs, 'tmp/long-options'), `${'-O2 '.repeat(10_000)}-fplugin=x`);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function run(architecture: string, options: Pick<StepOptions, 'args' | 'env'>): Promise<Answer> {
  const pack = packs.get(architecture);
  if (pack === undefined) throw new Error(architecture);
  const platform = { os: 'linux', architecture };
  const answer = await client.run(step({ rootfs: pack.rootfs, accel: pack.pack, platform, ...options }));
  expect(answer.error).toBeUndefined();
  return answer;
}

test.each([
  ['LD_PRELOAD', ['LD_PRELOAD=/lib/known.so'], false],
  ['an empty LD_PRELOAD', ['LD_PRELOAD='], true],
  ['LD_AUDIT', ['LD_AUDIT=/lib/known.so'], false],
  ['what ldd sets', ['LD_TRACE_LOADED_OBJECTS=1'], false],
  ['LANG=C', ['LANG=C'], true],
  ['LANG=C.UTF-8, whose data have the byte order of the machine', ['LANG=C.UTF-8'], true],
  ['LC_CTYPE=C.utf8', ['LC_CTYPE=C.utf8', 'LANG=POSIX'], true],
  ['another locale', ['LANG=de_DE.UTF-8'], false],
  ['another locale for one category', ['LC_COLLATE=de_DE.UTF-8'], false],
  ['another locale under LC_ALL=C', ['LANG=de_DE.UTF-8', 'LC_ALL=C'], true],
  ['LC_ALL', ['LC_ALL=en_US.UTF-8', 'LANG=C'], false],
])('with %s', async (_name, env, isNative) => {
  const answer = await run('arm64', { args: ['uname', '-m'], env });
  expect(answer.output).toBe(`${isNative ? native : 'aarch64'}\n`);
});

test('with LANG=C.UTF-8 on a machine of the other byte order', async () => {
  const answer = await run('s390x', { args: ['uname', '-m'], env: ['LANG=C.UTF-8'] });
  expect(answer.output).toBe('s390x\n');
});

test.each([
  ['compiler', '-c -O2 -march=armv8-a x.c', true],
  ['compiler', '-march=native', false],
  ['compiler', '-c -mcpu=native x.c', false],
  ['compiler', '-mtune=native', false],
  ['compiler', '-fplugin=/lib/x.so', false],
  ['compiler', '-fplugin-arg-x-y=z', false],
  ['compiler', '-finput-charset=latin1', false],
  ['compiler', '-Wp,-fexec-charset=latin1', false],
  ['compiler', '-fwide-exec-charset=UTF-16', false],
  ['compiler', '-DX=-march=native', true],
  ['compiler', '-v -c x.c', false],
  ['compiler', '-print-search-dirs', false],
  ['compiler', '-dumpmachine', false],
  ['compiler', '--version', false],
  ['compiler', '-shared -Wl,--version-script=x.map,-v1', true],
  ['compiler', '-dumpbase x.c -version', true],
  ['go', '-V=full', false],
  ['compiler', '@/tmp/options', true],
  ['compiler', '@/tmp/native-options', false],
  ['compiler', '@/tmp/long-options', false],
  ['compiler', '@/tmp/nowhere', true],
  ['linker', '-o x -plugin-opt=/x x.o', true],
  ['linker', '-plugin /lib/other.so', false],
  ['linker', '-plugin /lib/nowhere.so', false],
  ['linker', '-plugin /lib/known.so --plugin /lib/known.so', false],
  ['linker', '--plugin=/lib/known.so', false],
  ['linker', '-march=native', true],
  ['python', '-O -m py_compile x.py', true],
  ['python', '-m compileall .', true],
  ['python', '/usr/lib/python3/py_compile.py x', true],
  ['python', '/usr/bin/py3compile -p x', true],
  ['python', '-m http.server', false],
  ['python', '-c print(1) /usr/bin/py3compile', false],
  ['python', 'script.py', false],
  ['python', '', false],
])('%s %s', async (rule, line, isNative) => {
  const args = line.split(' ').filter((word) => word !== '');
  const answer = await run('arm64', { args: [`/${rule}/echo`, ...args] });
  expect(answer.output).toBe(`${line}\n`);
  expect(answer.ranNative).toEqual(isNative ? [{ tool: `bin/${rule}`, times: 1 }] : []);
});

test.each([
  ['GOARCH=arm64', true],
  ['GOARCH=', false],
])('a tool of Go with %s', async (variable, isNative) => {
  const answer = await run('arm64', { args: ['/go/echo', 'x'], env: [variable] });
  expect(answer.ranNative).toEqual(isNative ? [{ tool: 'bin/go', times: 1 }] : []);
});

test('gives the linker the native plugin in place of the one the map knows', async () => {
  const answer = await run('arm64', { args: ['/linker/echo', '-x', '-plugin', '/lib/known.so', 'y'] });
  expect(answer.output).toBe('-x -plugin /dev/.accel/lib/native-plugin.so y\n');
});
