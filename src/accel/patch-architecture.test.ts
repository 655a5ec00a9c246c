import { expect, it } from 'vitest';
import { patchArchitecture } from './patch-architecture.ts';
import { debianArchitecture } from './plan-pack.ts';

const code = (name: string, { fifth = name.slice(4), place = '\x74' } = {}) =>
  `\xb8\xc7\x44\x24\x70${name.slice(0, 4)}\x48\x89\xea\xc6\x44\x24${place}${fifth}\x90`;

it.each([
  ['the name alone', '\0amd64\0', 'arm64', '\0arm64\0'],
  ['what --version says', '\x001.21 (amd64)\0amd64\0', 'arm64', '\x001.21 (arm64)\0arm64\0'],
  ['another name of this length', '\0amd64\0x', 'arm', '\0armhf\0x'],
  ['in code', code('amd64'), 'arm64', code('arm64')],
  ['in code, another name', code('amd64'), 's390x', code('s390x')],
  ['no name', 'x86-64', 'arm64', 'x86-64'],
  ['a part of another name', '\0amd64-microcode\0amd64\0', 'arm64', '\0amd64-microcode\0arm64\0'],
  ['a part of an address', 'bookworm/amd64/notes\0amd64\0', 'arm64', 'bookworm/amd64/notes\0arm64\0'],
  ['a longer name', '\0amd64\0', 'riscv64', undefined],
  ['a longer name in code', code('amd64'), 'ppc64le', undefined],
  ['two of them', '\0amd64\0amd64\0amd64\0', 'arm64', undefined],
  ['unknown code', `\x48\xb8amd6`, 'arm64', undefined],
  ['code that stores another fifth character', code('amd64', { fifth: '5' }), 'arm64', undefined],
  ['code that stores it elsewhere', code('amd64', { place: '\x64' }), 'arm64', undefined],
])('an architecture’s name: %s', (_name, text, foreign, patched) => {
  const before = Buffer.from(text, 'latin1');
  const [there, here] = [debianArchitecture(foreign), debianArchitecture('amd64')];
  if (there === undefined || here === undefined) throw new Error(foreign);
  expect(patchArchitecture(before, { foreign: there, native: here })?.toString('latin1')).toBe(patched);
  expect(before.toString('latin1')).toBe(text);
});
