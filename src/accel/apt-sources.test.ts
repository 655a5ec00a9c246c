import { expect, it } from 'vitest';
import { parseAptSources } from './apt-sources.ts';

it.each([
  ['a line', 'list', 'deb http://h/debian bookworm main contrib\n', ['http://h/debian/ bookworm main contrib']],
  ['options', 'list', 'deb [signed-by=/k arch=arm64] https://h/d/ sid main', ['https://h/d/ sid main']],
  [
    'comments and sources',
    'list',
    '# deb http://h/ a main\ndeb-src http://h/ a main\ndeb http://h/ b main # x',
    ['http://h/ b main'],
  ],
  ['no archive over http', 'list', 'deb cdrom:[x]/ a main\ndeb file:/srv a main\ndeb http://h/flat ./', []],
  [
    'paragraphs',
    'sources',
    'Types: deb deb-src\nURIs: http://a/x http://b/y\nSuites: s s-updates\nComponents: main\n',
    ['http://a/x/ s main', 'http://a/x/ s-updates main', 'http://b/y/ s main', 'http://b/y/ s-updates main'],
  ],
  ['one switched off', 'sources', 'Enabled: no\nTypes: deb\nURIs: http://a\nSuites: s\nComponents: main', []],
] as const)('reads %s', (_name, style, text, sources) => {
  const found = parseAptSources(text, style).map(({ uri, suite, components }) => [uri, suite, ...components].join(' '));
  expect(found).toEqual(sources);
});
