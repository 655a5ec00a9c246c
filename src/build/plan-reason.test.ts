import { expect, it } from 'vitest';
import type { PlatformDescription } from '../emulation/describe-platforms.ts';
import { parsePlatform, parsePlatforms } from '../oci/platform.ts';
import { estimate } from './plan-estimate.ts';
import { howItRuns } from './plan-reason.ts';

const MACHINE = parsePlatform('linux/amd64');
const description = (mode: PlatformDescription['mode']): PlatformDescription => ({
  architecture: 'x',
  qemu: 'x',
  mode,
  ...(mode === 'private' ? { interpreter: '/bin/qemu-x', version: '10.0' } : {}),
  ...(mode === 'none' ? { reason: 'no qemu', mend: 'install qemu' } : {}),
});

it.each([
  ['linux/amd64', 'linux/amd64', 'native', { how: 'native', why: 'this machine is linux/amd64' }],
  ['linux/386', 'linux/386', 'native', { how: 'native', why: 'linux/amd64 runs linux/386 itself' }],
  ['linux/amd64', 'linux/arm64', 'native', { how: 'cross', why: 'it runs on linux/amd64 for linux/arm64' }],
  [
    'linux/amd64',
    'linux/amd64,linux/arm64',
    'native',
    { how: 'shared', why: 'nothing in it differs: it runs on linux/amd64, once for linux/amd64 and linux/arm64' },
  ],
  [
    'linux/arm64',
    'linux/arm64',
    'private',
    { how: 'emulated', why: 'it runs on linux/arm64, and this machine is linux/amd64: by /bin/qemu-x 10.0' },
  ],
  [
    'linux/s390x',
    'linux/s390x',
    'none',
    { how: 'impossible', why: 'linux/s390x does not run here: no qemu', mend: 'install qemu' },
  ],
] as const)('on %s for %s, which runs %s', (on, targets, mode, wanted) => {
  const place = { on: parsePlatform(on), targets: parsePlatforms([targets]), isAll: false, runs: description(mode) };
  expect(howItRuns(place, MACHINE)).toEqual(wanted);
});

it.each([
  [undefined, 'emulated', /10\.0$/],
  ['unknown', 'emulated', /with native tools if its base/],
  ['debian bookworm', 'accelerated', /tools of debian bookworm run native$/],
])('with the tools of %s', (tools, how, why) => {
  const on = parsePlatform('linux/arm64');
  const place = {
    on,
    targets: [on],
    isAll: false,
    runs: description('private'),
    ...(tools === undefined ? {} : { tools }),
  };
  expect(howItRuns(place, MACHINE)).toMatchObject({ how, why: expect.stringMatching(why) });
});

it.each([
  ['linux/amd64', 'linux/amd64', { seconds: 2, basis: 'recorded' }],
  ['linux/arm64', 'linux/amd64', { seconds: 16, basis: 'scaled' }],
  ['linux/amd64', 'linux/arm64', { seconds: 0.25, basis: 'scaled' }],
  ['linux/arm64', 'linux/s390x', { seconds: 2, basis: 'scaled' }],
] as const)('the time on %s, of a record on %s', (on, platform, wanted) => {
  const isNative = ({ architecture }: { architecture: string }) => architecture === 'amd64';
  const record = { ms: 2000, ended: 0, platform };
  const found = estimate(record, { on: parsePlatform(on), isNative });
  expect(found).toEqual({ ...wanted, platform, ended: '1970-01-01T00:00:00.000Z' });
});
