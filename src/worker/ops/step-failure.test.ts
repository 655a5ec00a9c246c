import { expect, test } from 'vitest';
import { stepFailed } from './step-failure.ts';

const cpu = { host: 'amd64', cpuinfo: 'flags : fpu cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3\n' };
const amd64 = (variant: string) => ({ os: 'linux', architecture: 'amd64', variant });

test.each([
  ['a program for a newer CPU', amd64('v3'), 132, '', /^this CPU lacks avx avx2 .*linux\/amd64\/v3/],
  ['glibc’s words for one', amd64('v3'), 127, 'Fatal glibc error: CPU does not support x86-64-v3', /^this CPU lacks/],
  ['an illegal instruction that the CPU is not to blame for', amd64('v2'), 132, '', undefined],
  ['a command that is not there', amd64('v3'), 127, 'sh: a: not found', /not found in the image/],
  ['any other failure', amd64('v3'), 1, '', undefined],
])('%s', (_name, platform, exitCode, log, hint) => {
  const error = stepFailed(['sh', '-c', 'a'], { exitCode, platform, log }, cpu);
  expect(error).toMatchObject({ code: 'STEP_FAILED', details: { exitCode, log } });
  if (hint === undefined) expect(error.hint).toBeUndefined();
  else expect(error.hint).toMatch(hint);
});

test('a full disk is the cause before all others', () => {
  const end = { exitCode: 132, platform: amd64('v3'), log: '', fullDisk: '/store' };
  expect(stepFailed(['a'], end, cpu)).toMatchObject({ code: 'NO_SPACE', message: expect.stringContaining('/store') });
});
