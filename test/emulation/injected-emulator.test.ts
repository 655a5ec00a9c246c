import { appendFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { architectureRecord } from '../../src/emulation/architectures.ts';
import { injectedEmulator } from '../../src/emulation/injected-emulator.ts';
import { hostArchitecture } from '../../src/emulation/native.ts';
import { temporaryFolder } from '../support/environment.ts';
import { makeRootfs } from '../executor/rootfs.ts';

const temporary = temporaryFolder();
afterAll(() => temporary[Symbol.dispose]());

const folder = join(temporary.path, 'emulators');
const record = architectureRecord('s390x');
if (record === undefined) throw new Error('s390x');
let emulator: string;

beforeAll(async () => {
  // Any static program of this machine.
  emulator = join(await makeRootfs(join(temporary.path, 'rootfs'), hostArchitecture()), 'bin/busybox');
});

test('is made once, whole, by several at once', async () => {
  const made = await Promise.all([1, 2, 3].map(() => injectedEmulator(emulator, { folder, record })));
  const [first = ''] = made;
  expect(new Set(made)).toEqual(new Set([first]));
  expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([first]);
  const before = statSync(first, { bigint: true });
  expect(before.mode & 0o700n).toBe(0o700n);
  expect(await injectedEmulator(emulator, { folder, record })).toBe(first);
  expect(statSync(first, { bigint: true })).toMatchObject({ ino: before.ino, size: before.size });
});

test('is another one for another emulator', async () => {
  const [first] = readdirSync(folder);
  appendFileSync(emulator, Buffer.alloc(100));
  expect(await injectedEmulator(emulator, { folder, record })).not.toBe(join(folder, first ?? ''));
});

test.each([
  ['a dynamic program', () => '/bin/sh', folder],
  ['no program', () => join(temporary.path, 'nowhere'), folder],
  ['no folder', () => emulator, '/proc/emulators'],
])('with %s the emulator serves as it is', async (_name, file, place) => {
  expect(await injectedEmulator(file(), { folder: place, record })).toBeUndefined();
});
