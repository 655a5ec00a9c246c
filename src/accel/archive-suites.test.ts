import { expect, it } from 'vitest';
import { suitesOf } from './archive-suites.ts';

const source = (text: string) => {
  const [uri = '', suite = ''] = text.split(' ');
  return { uri, suite, components: ['main'] };
};
const host = ['http://h/debian/ bookworm', 'http://h/debian/ bookworm-updates', 'http://h/security/ bookworm-security'];

it.each([
  ['this machine’s, for its own release', 'bookworm', host, ['http://r/ bookworm'], host],
  [
    'this machine’s, for another release',
    'trixie',
    host,
    ['http://r/ trixie'],
    host.map((text) => text.replace('bookworm', 'trixie')),
  ],
  [
    'the root filesystem’s where this machine has none',
    'trixie',
    [],
    ['http://r/ trixie', 'http://r/ sid'],
    ['http://r/ trixie'],
  ],
  [
    'both, for different suites',
    'trixie',
    ['http://h/debian/ bookworm'],
    ['http://r/ trixie', 'http://r/ trixie-security'],
    ['http://h/debian/ trixie', 'http://r/ trixie-security'],
  ],
  ['none of backports', 'trixie', ['http://h/ bookworm-backports'], [], []],
] as const)('asks %s', (_name, codename, own, root, expected) => {
  const found = suitesOf(
    { distribution: 'debian', codename },
    {
      host: own.map(source),
      hostRelease: { distribution: 'debian', codename: 'bookworm' },
      root: root.map(source),
    },
  );
  expect(found.map(({ uri, suite }) => `${uri} ${suite}`)).toEqual(expected);
});

it('asks no mirror of another distribution', () => {
  const found = suitesOf(
    { distribution: 'ubuntu', codename: 'noble' },
    { host: host.map(source), hostRelease: { distribution: 'debian', codename: 'bookworm' }, root: [] },
  );
  expect(found).toEqual([]);
});
