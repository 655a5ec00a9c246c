import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describePlatforms } from '../../src/emulation/describe-platforms.ts';
import { requireProgram, temporaryFolder } from '../support/environment.ts';
import { type Client, startClient, step } from './client.ts';
import { makeExitProgram } from './exit-program.ts';
import { makeRootfs } from './rootfs.ts';

/** All that a host could tell of emulators: registrations and mounts. */
function hostState(folder: string): string {
  const entries = readdirSync('/proc/sys/fs/binfmt_misc').map((name) => {
    return name === 'register' ? name : `${name} ${readFileSync(`/proc/sys/fs/binfmt_misc/${name}`, 'utf8')}`;
  });
  // Other tests may be mounting too; nothing of theirs is in this test's folder, or of this type.
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  return [...entries, ...mounts.filter((line) => line.includes(folder) || line.includes('binfmt_misc'))].join('\n');
}

const folder = temporaryFolder();
const before = hostState(folder.path);
let client: Client;

beforeAll(async () => {
  client = await startClient(folder.path);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const SCRIPT = 'uname -m; env | grep -i qemu; ls /proc/sys/fs/binfmt_misc; sh -c "echo \\$0; exec uname -m"; exit 3';

test.each([
  ['arm64', 'arm64', undefined, 'aarch64', 'qemu-aarch64'],
  ['armhf', 'arm', 'v7', 'armv7l', 'qemu-arm'],
  ['i386', '386', undefined, expect.stringMatching(/^(?:i686|x86_64)$/), 'native'],
  ['ppc64el', 'ppc64le', undefined, 'ppc64le', 'qemu-ppc64le'],
  ['s390x', 's390x', undefined, 's390x', 'qemu-s390x'],
  ['riscv64', 'riscv64', undefined, 'riscv64', 'qemu-riscv64'],
])('runs programs of %s', async (debian, architecture, variant, machine, emulator) => {
  if (emulator !== 'native' && process.arch !== 'x64') return;
  const rootfs = await makeRootfs(join(folder.path, debian), debian);
  const platform = { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) };
  const answer = await client.run(step({ rootfs, platform, args: ['sh', '-c', SCRIPT] }));
  expect(answer.error).toBeUndefined();
  const lines = answer.output.trimEnd().split('\n');
  expect(lines).toEqual([machine, 'sh', machine]);
  expect(answer.exitCode).toBe(3);
});

test.each([
  ['mips64le', undefined],
  ['loong64', undefined],
  ['arm', 'v5'],
  ['arm', 'v6'],
] as const)('runs programs of %s %s', async (architecture, variant) => {
  if (process.arch !== 'x64') return;
  const rootfs = makeExitProgram(join(folder.path, `${architecture}${variant}`), { architecture, status: 42 });
  const platform = { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) };
  const answer = await client.run(step({ rootfs, platform, args: ['/exit'] }));
  expect(answer).toMatchObject({ exitCode: 42, output: '' });
});

test('describes how each platform would run', async (context) => {
  requireProgram(context, 'qemu-aarch64-static');
  const described = await describePlatforms({ path: process.env['PATH'] });
  expect(described[0]).toMatchObject({ mode: 'native' });
  if (process.arch !== 'x64') return;
  expect(described.find((one) => one.architecture === 'arm64')).toMatchObject({
    mode: 'private',
    interpreter: expect.stringContaining('qemu-aarch64'),
    version: expect.stringMatching(/^\d+\.\d+/),
  });
});

test('leaves the host as it was', async () => {
  expect(hostState(folder.path)).toBe(before);
  await client[Symbol.asyncDispose]();
  expect(hostState(folder.path)).toBe(before);
});
