import { expect, it } from 'vitest';
import { alpineRelease, parseApkInstalled, parseRepositories } from './apk-system.ts';

it.each([
  ['3.20.3', 'v3.20'],
  ['3.7', 'v3.7'],
  ['3.22.0_rc1', 'v3.22'],
  ['3.21.0_alpha20240923', 'edge'],
  ['20240923', undefined],
  ['', undefined],
  ['3', undefined],
])('version %j is of %s', (version, codename) => {
  expect(alpineRelease(version)?.codename).toBe(codename);
});

it('takes plain repositories of http and https', () => {
  const text =
    'https://h/alpine/v3.20/main\n http://h:81/x/ \n@edge https://h/edge\n#http://no\n/media/cdrom\nftp://h/x\n';
  expect(parseRepositories(text)).toEqual(['https://h/alpine/v3.20/main/', 'http://h:81/x/']);
});

it('takes what apk has installed', () => {
  const text = 'C:Q1x=\nP:musl\nV:1.2.5-r0\nF:lib\nR:V:x\n\nP:half\n\nP:zlib\nV:1.3.1-r1\n\n';
  expect([...parseApkInstalled(text)]).toEqual([
    ['musl', '1.2.5-r0'],
    ['zlib', '1.3.1-r1'],
  ]);
});
