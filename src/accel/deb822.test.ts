import { expect, it } from 'vitest';
import { parseParagraphs } from './deb822.ts';

it.each([
  ['nothing', '', []],
  ['two paragraphs', 'Package: a\nVersion: 1\n\nPackage: b\n', [{ package: 'a', version: '1' }, { package: 'b' }]],
  ['many and blank lines between', 'A: 1\n\n \n\t\nB: 2', [{ a: '1' }, { b: '2' }]],
  ['a field that goes on', 'Conffiles:\n /etc/a 1\n /etc/b 2\nX: y', [{ conffiles: '\n/etc/a 1\n/etc/b 2', x: 'y' }]],
  ['comments and colons in values', '# no\nURIs: http://h/p\n# no\nSuites: s', [{ uris: 'http://h/p', suites: 's' }]],
  ['what is no field', 'nonsense\n goes on\nA: 1', [{ a: '1' }]],
])('reads %s', (_name, text, paragraphs) => {
  expect(parseParagraphs(text).map((one) => Object.fromEntries(one))).toEqual(paragraphs);
});
