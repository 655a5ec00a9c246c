import { expect, test } from 'vitest';
import { missingFeatures } from './cpu-levels.ts';

const NEHALEM = 'fpu cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3';
const HASWELL = `${NEHALEM} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave`;
const V8_5 =
  'fp asimd atomics asimdrdm crc32 dcpop fcma jscvt lrcpc asimddp dit flagm ilrcpc uscat flagm2 frint sb bf16 i8mm';

test.each([
  ['any CPU runs plain amd64', 'amd64', 'fpu', 'amd64', undefined, []],
  ['v2 on a Nehalem', 'amd64', NEHALEM, 'amd64', 'v2', []],
  ['v3 on a Haswell', 'amd64', HASWELL, 'amd64', 'v3', []],
  ['v3 on one without AVX2', 'amd64', HASWELL.replace('avx2 ', ''), 'amd64', 'v3', ['avx2']],
  ['v4 on a Haswell', 'amd64', HASWELL, 'amd64', 'v4', ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl']],
  ['v3 asks for all that v2 asks for', 'amd64', HASWELL.replace('popcnt ', ''), 'amd64', 'v3', ['popcnt']],
  ['a variant that nobody knows', 'amd64', NEHALEM, 'amd64', 'v9', []],
  ['386 on amd64', 'amd64', 'fpu', '386', undefined, []],
  ['arm64 v8.6', 'arm64', V8_5, 'arm64', 'v8.6', []],
  ['arm64 v9 without SVE2', 'arm64', V8_5, 'arm64', 'v9', ['sve2']],
  ['arm64 v9.2 is v8.7 and v9', 'arm64', V8_5, 'arm64', 'v9.2', ['sve2', 'wfxt']],
  ['an emulated platform has its emulator’s CPU', 'amd64', 'fpu', 'arm64', 'v9', []],
])('%s', (_name, host, words, architecture, variant, missing) => {
  const cpuinfo =
    host === 'arm64' ? `processor\t: 0\nFeatures\t: ${words}\n` : `flags\t\t: ${words}\nvmx flags\t: vnmi\n`;
  const platform = { architecture, ...(variant === undefined ? {} : { variant }) };
  expect(missingFeatures(platform, { host, cpuinfo })).toEqual(missing);
});

test('what one of the processors lacks, the machine lacks', () => {
  const cpuinfo = `flags : ${HASWELL}\n\nflags : ${HASWELL.replace('fma ', '')}\n`;
  expect(missingFeatures({ architecture: 'amd64', variant: 'v3' }, { host: 'amd64', cpuinfo })).toEqual(['fma']);
});
