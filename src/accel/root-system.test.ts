import { expect, it } from 'vitest';
import { parseRelease, parseStatus } from './root-system.ts';

it.each([
  ['ID=debian\nVERSION_CODENAME=bookworm\n', { distribution: 'debian', codename: 'bookworm' }],
  ['VERSION_CODENAME="noble"\nID="ubuntu"\nID_LIKE=debian', { distribution: 'ubuntu', codename: 'noble' }],
  ['ID=alpine\nVERSION_ID=3.20', { distribution: 'alpine', codename: 'v3.20' }],
  ['ID=fedora\nVERSION_CODENAME=forty', undefined],
  ['ID=debian\nPRETTY_NAME="Debian sid"', undefined],
  ['ID=debian\nVERSION_CODENAME=../../x', undefined],
  ['', undefined],
])('the release of %j', (text, release) => expect(parseRelease(text)).toEqual(release));

it('takes what dpkg has installed', () => {
  const status = [
    'Package: dash\nStatus: install ok installed\nArchitecture: arm64\nVersion: 0.5.12-2',
    'Package: gone\nStatus: deinstall ok config-files\nVersion: 1',
    'Package: half\nStatus: install reinstreq half-installed\nVersion: 1',
    'Package: new\nStatus: install ok unpacked\nVersion: 1:2-3',
    'Status: install ok installed\nVersion: 1',
  ].join('\n\n');
  expect([...parseStatus(status)]).toEqual([
    ['dash', '0.5.12-2'],
    ['new', '1:2-3'],
  ]);
});
