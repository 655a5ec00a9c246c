import { describe, expect, test } from 'vitest';
import { architectureRecord } from './architectures.ts';
import { absent, createEmulation, noEmulator } from './create-emulation.ts';
import { privateRefusal } from './describe-platforms.ts';
import { emulatorEnv } from './emulator-version.ts';
import type { HostBinfmtEntry } from './host-binfmt.ts';
import { installCommand } from './mend.ts';
import { hostArchitecture } from './native.ts';

const foreign = hostArchitecture() === 'arm64' ? 'riscv64' : 'arm64';
const record = architectureRecord(foreign);
if (record === undefined) throw new Error(foreign);
const entry: HostBinfmtEntry = {
  name: 'qemu-foreign',
  interpreter: '/usr/bin/qemu-foreign',
  flags: 'POCF',
  magic: Buffer.from(
    foreign === 'arm64' ? '7f454c460201010000000000000000000200b700' : '7f454c460201010000000000000000000200f300',
    'hex',
  ).toString('hex'),
  mask: 'ffffffffffffff00fffffffffffffffffeffffff',
  offset: 0,
};

describe('createEmulation', () => {
  test('asks nothing of the machine for its own programs', async () => {
    const emulation = createEmulation({
      path: '',
      hostBinfmt: [],
      mount: () => {
        throw new Error('mounted');
      },
    });
    expect(await emulation.modeFor({ os: 'linux', architecture: hostArchitecture() })).toEqual({ kind: 'native' });
  });

  test('falls back to the host’s registration where a private one cannot be had', async () => {
    const emulation = createEmulation({
      path: '',
      hostBinfmt: [entry],
      mount: () => {
        throw new Error('EPERM');
      },
    });
    expect(await emulation.modeFor({ os: 'linux', architecture: foreign })).toEqual({
      kind: 'host',
      entry: 'qemu-foreign',
      interpreter: '/usr/bin/qemu-foreign',
    });
  });

  test.each([
    ['linux', 'vax', /knows no emulator for vax/],
    ['windows', 'amd64', /windows programs/],
  ])('%s/%s has none', async (os, architecture, reason) => {
    const mode = await createEmulation({ path: '', hostBinfmt: [], mount: () => undefined }).modeFor({
      os,
      architecture,
    });
    if (mode.kind !== 'none') throw new Error(mode.kind);
    expect(mode.reason).toMatch(reason);
    expect(noEmulator({ os, architecture }, mode)).toMatchObject({ code: 'NO_EMULATOR', hint: expect.any(String) });
  });
});

describe('what is missing is told', () => {
  const found = { found: { file: '/usr/bin/qemu' }, dynamic: undefined };
  const nothing = { found: undefined, dynamic: undefined };
  test.each([
    ['no emulator', { search: nothing, host: undefined, refusal: '' }, /no static qemu-\w+ is installed$/],
    [
      'a dynamic one',
      { search: { ...nothing, dynamic: '/usr/bin/qemu' }, host: undefined, refusal: '' },
      /shared libraries/,
    ],
    ['a registration without F', { search: nothing, host: { ...entry, flags: 'P' }, refusal: '' }, /has no flag F/],
    ['an old kernel', { search: found, host: undefined, refusal: 'Linux 6.1 is older than 6.7' }, /older than 6\.7/],
  ])('%s', (_name, facts, reason) => {
    const mode = absent(record, facts);
    if (mode.kind !== 'none') throw new Error(mode.kind);
    expect(mode.reason).toMatch(reason);
    expect(mode.mend).not.toBe('');
  });

  test.each([
    ['ID=debian\nVERSION_ID="12"', 'sudo apt-get install qemu-user-static'],
    ['ID=debian\nVERSION_ID="13"', 'sudo apt-get install qemu-user'],
    ['ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"', 'sudo apt-get install qemu-user-static'],
    ['ID=fedora\nVERSION_ID=42', 'sudo dnf install qemu-user-static-'],
    ['ID=alpine', 'apk add qemu-'],
    ['', 'sudo apt-get install qemu-user-static'],
  ])('%s: %s', (osRelease, command) => {
    expect(installCommand(record, osRelease)).toContain(command);
  });

  test.each([
    ['6.6.0-1-amd64', true],
    ['5.15.0', true],
    ['6.7.1', false],
    ['6.12.0-rc1', false],
    ['7.0.0', false],
  ])('Linux %s is too old: %s', (kernel, old) => {
    expect(privateRefusal(kernel) !== '').toBe(old);
  });
});

test.each([
  ['arm64', '7.2.22', ['QEMU_CPU=max,pauth-impdef=on', 'QEMU_UNSET_ENV=QEMU_CPU,QEMU_UNSET_ENV']],
  ['arm64', '5.2.0', []],
  ['arm64', '10.0.2', []],
  ['arm64', undefined, []],
  ['arm', '7.2.22', []],
])('the environment of the emulator of %s %s', (architecture, version, env) => {
  const known = architectureRecord(architecture);
  expect(known === undefined ? undefined : emulatorEnv(known, version)).toEqual(env);
});
