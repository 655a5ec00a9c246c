import { expect, test } from 'vitest';
import { LEA, pointed, type X86Program, x86Program } from '../../test/support/x86-program.ts';
import { GO_TOOLCHAIN, type ToolPair } from '../emulation/pairs.ts';
import { patchGo } from './patch-go.ts';
import { debianArchitecture } from './plan-pack.ts';

const FOLDER = 'pkg/tool/linux_amd64';

function patch(program: X86Program, foreign = 'arm64', pair: Partial<ToolPair> = {}): Buffer | undefined {
  const [theirs, native] = [debianArchitecture(foreign), debianArchitecture('amd64')];
  const command = GO_TOOLCHAIN.find(({ rules }) => rules?.includes('go-command') === true);
  if (theirs === undefined || native === undefined || command === undefined) throw new Error('not known');
  const environment = { arm64: [], armhf: [], ppc64el: [] };
  return patchGo(x86Program(program), { pair: { ...command, environment, ...pair }, foreign: theirs, native });
}

const folderOf = (file: Buffer | undefined) => /pkg\/tool\/+linux_\w+/.exec(file?.toString('latin1') ?? '')?.[0];

test('the folder of the tools is the foreign one’s', () => {
  expect(folderOf(patch({ texts: `${FOLDER}\0` }))).toBe('pkg/tool/linux_arm64');
  expect(folderOf(patch({ texts: `${FOLDER}\0` }, 'arm'))).toBe('pkg/tool///linux_arm');
});

/** Texts, at 0, 6, 12 and 30 of the read-only segment. */
const TEXTS = `amd64\0arm64\0TESTGO_GOHOSTARCH\0${FOLDER}`;
const ARCHITECTURE = 0;
const TESTED = 12;

test('since 1.21 the architecture of the tools is, in the one place before the tests’ variable', () => {
  const patched = patch({
    texts: TEXTS,
    code: [
      [LEA, ARCHITECTURE],
      ...Array.from({ length: 10 }, () => ['4889c0', 0x800] as const),
      [LEA, ARCHITECTURE],
      [LEA, TESTED],
      [LEA, ARCHITECTURE],
    ],
  });
  expect([0, 11, 12, 13].map((index) => pointed(patched, index))).toEqual([
    'amd64',
    'arm64',
    'TESTGO_GOHOSTARCH',
    'amd64',
  ]);
  expect(patched?.includes('pkg/tool/linux_arm64')).toBe(true);
});

test('what is not as it is known is refused', () => {
  const use = [
    [LEA, ARCHITECTURE],
    [LEA, TESTED],
  ] as const;
  expect(patch({ texts: TEXTS, code: use })).toBeDefined();
  expect(patch({ texts: TEXTS, code: [[LEA, TESTED]] })).toBeUndefined();
  expect(patch({ texts: TEXTS, code: [[LEA, ARCHITECTURE], ...use] })).toBeUndefined();
  expect(patch({ texts: TEXTS, code: [['488b05', ARCHITECTURE], ...use.slice(1)] })).toBeUndefined();
  // The instruction's length of the text would be another one.
  expect(patch({ texts: TEXTS, code: use }, 'arm')).toBeUndefined();
  expect(patch({ texts: 'linux_amd64' })).toBeUndefined();
  expect(patch({ texts: `${FOLDER}\0${FOLDER}` })).toBeUndefined();
  // A longer name has no room.
  expect(patch({ texts: FOLDER }, 'ppc64le')).toBeUndefined();
  expect(patch({ texts: FOLDER, machine: 183 })).toBeUndefined();
  // What it was built with there is not known.
  expect(patch({ texts: FOLDER }, 's390x')).toBeUndefined();
});

test('other programs of Go stay as they are', () => {
  const program = { texts: FOLDER };
  expect(patch(program, 'arm64', { rules: ['go-tool'] })?.equals(x86Program(program))).toBe(true);
});
