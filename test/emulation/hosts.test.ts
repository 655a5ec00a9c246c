import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DispatcherHost } from '../../scripts/generate-dispatcher.ts';
import { run } from '../../scripts/process.ts';
import { accelTools, countRan, writeAccelMap } from '../../src/emulation/accel-map.ts';
import { DISPATCHER_CODE } from '../../src/emulation/dispatcher/code.ts';
import { injectDispatcher } from '../../src/emulation/inject.ts';
import { programKey } from '../../src/emulation/program-key.ts';
import { requireProgram, temporaryFolder } from '../support/environment.ts';
import { makeRootfs } from '../executor/rootfs.ts';

/*
 * The dispatcher of both kinds of host, on this one: in a static program of the host, which is for it what QEMU is; and
 * that for arm64 with all that the kernel would tell it, on a machine that is none.
 */

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const own: DispatcherHost = process.arch === 'x64' ? 'amd64' : 'arm64';

describe.each(['amd64', 'arm64'] as const)('in a program for %s', (host) => {
  const busybox = join(folder.path, `${host}-injected/busybox`);

  beforeAll(async () => {
    const rootfs = await makeRootfs(join(folder.path, host), host);
    const program = readFileSync(join(rootfs, 'bin/busybox'));
    const injection = injectDispatcher(program, { host, environment: ['QEMU_A=1', 'QEMU_B=2'] });
    if ('refused' in injection) throw new Error(injection.refused);
    mkdirSync(join(busybox, '..'));
    writeFileSync(busybox, injection.program, { mode: 0o755 });
  });

  const output = async (context: TestContext, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> => {
    const emulators = { amd64: 'qemu-x86_64-static', arm64: 'qemu-aarch64-static' };
    const emulator = host === own ? [] : [requireProgram(context, emulators[host])];
    return (await run([...emulator, busybox, ...args], { env })).stdout;
  };
  // QEMU hands the environment on in another order.
  const environment = async (context: TestContext, env: NodeJS.ProcessEnv): Promise<readonly string[]> =>
    (await output(context, ['env'], env)).trim().split('\n').toSorted();

  test('the program gets the settings, and all it had', async (context) => {
    expect(await environment(context, { X: 'y' })).toEqual(['QEMU_A=1', 'QEMU_B=2', 'X=y']);
    const many = ['sh', '-c', 'echo $#', ...Array<string>(20_000).fill('x')];
    expect(await output(context, many, {})).toBe('19999\n');
    expect(await output(context, ['uname', '-m'], {})).toBe(host === 'amd64' ? 'x86_64\n' : 'aarch64\n');
  });

  test("a person's own setting counts", async (context) => {
    expect(await environment(context, { QEMU_B: 'own', QEMU_A2: '3' })).toEqual(['QEMU_A2=3', 'QEMU_B=own']);
  });
});

test('the code for arm64 looks up, executes and gives up', async (context) => {
  const compiler = requireProgram(context, 'aarch64-linux-gnu-gcc-12');
  const qemu = requireProgram(context, 'qemu-aarch64-static');
  const at = (name: string): string => join(folder.path, name);
  const source = join(import.meta.dirname, 'run-dispatcher-arm64.c');
  await run([
    compiler,
    '-O1',
    '-ffreestanding',
    '-nostdlib',
    '-static',
    '-fno-stack-protector',
    '-o',
    at('run'),
    source,
  ]);
  writeFileSync(at('code'), Buffer.from(DISPATCHER_CODE['arm64']?.code ?? '', 'base64'));
  const rootfs = await makeRootfs(at('s390x'), 's390x');
  copyFileSync(join(rootfs, 'bin/busybox'), at('known'));
  const anonymous = readFileSync(at('known'));
  const key = programKey(at('known'));
  const note = anonymous.indexOf(key?.bytes.subarray(2, 22) ?? '');
  anonymous.fill(0xff, note - 8, note - 4);
  writeFileSync(at('anonymous'), anonymous);
  const other = programKey(at('anonymous'));
  if (key === undefined || other?.content === undefined) throw new Error('busybox has no keys');
  anonymous.fill(1, 100_000, 100_001);
  writeFileSync(at('changed'), anonymous);
  // A script, since this machine's kernel executes no program for arm64.
  mkdirSync(at('pack'));
  writeAccelMap(at('pack'), [
    { key, tool: 'tool', rules: ['compiler'] },
    { key: other, tool: 'tool' },
  ]);
  writeFileSync(at('pack/tool'), '#!/bin/sh\necho native "$@"\n');
  chmodSync(at('pack/tool'), 0o755);
  const lines = [
    ['known', '-c', 'x.c'],
    ['known', '-march=native'],
    ['anonymous', 'a', 'b'],
    ['changed', 'c'],
  ].map(([name = '', ...rest]) => `env -i A=b ${qemu} ./run code ${name} argv0 ${rest.join(' ')}`);
  const script = ['mount -t tmpfs none /dev', 'mkdir /dev/.accel', 'mount --bind pack /dev/.accel', ...lines].join(
    '\n',
  );
  const { stdout } = await run(['unshare', '-Urm', 'sh', '-ec', script], { cwd: folder.path });
  const given = (...args: readonly string[]): string => ['code', ...args, 'A=b', 'QEMU_CPU=fast', ''].join('\n');
  expect(stdout).toBe(
    `native -c x.c\n${given('known', 'argv0', '-march=native')}native a b\n${given('changed', 'argv0', 'c')}`,
  );
  const map = readFileSync(at('pack/map'));
  expect(accelTools(map)).toHaveLength(2);
  expect(countRan(map, readFileSync(at('pack/ran')))).toEqual([{ tool: 'tool', times: 2 }]);
});
