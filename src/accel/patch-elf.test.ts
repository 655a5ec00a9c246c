import { expect, it } from 'vitest';
import { debianArchitecture } from './plan-pack.ts';
import {
  type PatchContext,
  patchCrossFolders,
  patchLoader,
  patchMuslLoader,
  patchPluginFolders,
  patchTool,
} from './patch-elf.ts';

function context(foreign: string): PatchContext {
  const [there, here] = [debianArchitecture(foreign), debianArchitecture('amd64')];
  if (there === undefined || here === undefined) throw new Error(foreign);
  return { foreign: there, native: here };
}

const bytes = (text: string) => Buffer.from(text, 'latin1');
const arm64 = context('arm64');

const cross = '/usr/lib/gcc-cross/aarch64-linux-gnu/14';
const own = '/usr/lib/gcc/aarch64-linux-gnu/14';
it.each([
  ['/usr/lib/gcc-cross/', '/usr/lib/gcc/'],
  ['/usr/libexec/gcc-cross/', '/usr/libexec/gcc/'],
  [`${cross}/include`, `${own}/include`],
  [`${cross}/include-fixed`, '/usr/local/include'],
  [`${cross}/../../../../aarch64-linux-gnu/include`, `${own}/../../../../aarch64-linux-gnu/include`],
  [`${cross}/../../../../aarch64-linux-gnu/include/c++/14`, `${own}/../../../../include/c++/14`],
  [`${cross}/../../../../aarch64-linux-gnu/include/c++/14/backward`, `${own}/../../../../include/c++/14/backward`],
  [
    `${cross}/../../../../aarch64-linux-gnu/include/c++/14/aarch64-linux-gnu`,
    `${own}/../../../../include/aarch64-linux-gnu/c++/14`,
  ],
  ['/usr/include', '/usr/include'],
])('the cross compiler’s %s', (from, to) => {
  const patched = patchCrossFolders(bytes(`\0${from}\0next\0`), arm64);
  expect(patched?.toString('latin1')).toBe(`\0${to.padEnd(from.length, '\0')}\0next\0`);
});

it('takes LD_LIBRARY_PATH from musl’s loader, and leaves PATH at its end', () => {
  const patched = patchMuslLoader(bytes('x\0LD_LIBRARY_PATH\0LD_PRELOAD\0'))?.toString('latin1');
  expect(patched).toBe('x\0XD_LIBRARY_PATH\0LD_PRELOAD\0');
  expect(patchMuslLoader(bytes('\0OTHER_LD_LIBRARY_PATH\0'))).toBeUndefined();
});

it('sends libbfd’s plugin folders where there are none', () => {
  const text = '\0/usr/lib/x86_64-linux-gnu/bfd-plugins\0/usr/bin/../lib/bfd-plugins\0';
  const patched = patchPluginFolders(bytes(text)).toString('latin1');
  expect(patched).toHaveLength(text.length);
  expect(patched.split('\0').filter((part) => part !== '')).toEqual(['/dev/.accel/bfd', '/dev/.accel/bfd']);
});

const LOADER = '\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0';

it('keeps the lengths of a loader’s folders', () => {
  const patched =
    patchLoader(bytes(`${LOADER}/etc/ld.so.cache\0/etc/ld.so.preload\0`), arm64)?.toString('latin1') ?? '';
  const folders = patched.split('\0').slice(1, 5);
  expect(folders.map((folder) => folder.length)).toEqual([22, 26, 5, 9]);
  expect(folders.map((folder) => folder.replace(/\/+$/, ''))).toEqual([
    '/dev/.accel/lib',
    '/dev/.accel/lib',
    '/dev',
    '/dev',
  ]);
  expect(patched).not.toContain('/etc/');
});

it.each([
  ['other folders', '/lib64/\0/usr/lib64/\0/etc/ld.so.cache\0/etc/ld.so.preload\0'],
  ['no cache', `${LOADER}/etc/ld.so.preload\0`],
])('refuses a loader with %s', (_name, text) => expect(patchLoader(bytes(text), arm64)).toBeUndefined());

/** A program of 64 bits with an interpreter's segment of that size. */
function program(size: number): Buffer {
  const file = Buffer.alloc(256);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(3, 64);
  file.writeBigUInt64LE(150n, 64 + 8);
  file.writeBigUInt64LE(BigInt(size), 64 + 32);
  file.write('/lib64/ld-linux-x86-64.so.2\0'.slice(0, size), 150);
  return file;
}

it('gives a program the pack’s loader, where there is room', () => {
  expect(patchTool(program(28))?.toString('latin1', 150, 178)).toBe('/dev/.accel/ld.so'.padEnd(28, '\0'));
  expect(patchTool(program(10))).toBeUndefined();
});
