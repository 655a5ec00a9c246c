import { expect, it } from 'vitest';
import { packageIndex } from './package-index.ts';

const paragraph = (fields: Record<string, string>) =>
  Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
const common = { Architecture: 'arm64', SHA256: 'a'.repeat(64), Size: '10' };
const dash = { Package: 'dash', Version: '0.5-2', ...common, Filename: 'pool/dash.deb' };

it('finds a package’s versions in all indexes, newest first', () => {
  const old = { ...dash, Version: '0.5-1', 'Pre-Depends': 'libc6 (>= 2.36), awk | mawk', Depends: 'debianutils:any' };
  const index = packageIndex([
    { text: [paragraph({ Package: 'aaa', ...common }), paragraph(old)].join('\n'), archive: 'http://a/' },
    { text: paragraph(dash), archive: 'http://b/' },
  ]);
  const found = index.versions('dash');
  expect(found.map(({ version, archive }) => [version, archive])).toEqual([
    ['0.5-2', 'http://b/'],
    ['0.5-1', 'http://a/'],
  ]);
  expect(found[1]?.depends).toEqual(['libc6', 'awk', 'debianutils']);
  expect(index.versions('das')).toEqual([]);
});

it.each([
  ['no file name', { ...dash, Filename: undefined }],
  ['no digest', { ...dash, SHA256: 'abc' }],
  ['a file outside of the archive', { ...dash, Filename: 'pool/../../x.deb' }],
])('passes over a package with %s', (_name, fields) => {
  const given = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  expect(packageIndex([{ text: paragraph(Object.fromEntries(given)), archive: 'http://a/' }]).versions('dash')).toEqual(
    [],
  );
});
