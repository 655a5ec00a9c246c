import { expect, test } from 'vitest';
import { findSource } from './source-package.ts';

const sum = 'a'.repeat(64);

function paragraph(version: string, folder = 'pool/main/g/gcc-12'): string {
  const files = ` ${sum} 12 gcc-12_1.dsc\n ${sum} 34 gcc-12_1.orig.tar.gz\n ${sum} 5 ../evil`;
  return `Package: gcc-12\nVersion: ${version}\nDirectory: ${folder}\nChecksums-Sha256:\n${files}\n`;
}

const texts = [
  { text: `Package: gcc-12-cross\nVersion: 1\n\n${paragraph('1')}\n${paragraph('2')}`, archive: 'http://h/debian/' },
];

test('a source package has the files that the index names, below the archive', () => {
  const found = findSource({ name: 'gcc-12', version: '2' }, texts);
  expect('files' in found ? [...found.files] : found).toEqual([
    ['gcc-12_1.dsc', { url: 'http://h/debian/pool/main/g/gcc-12/gcc-12_1.dsc', sha256: sum, size: 12 }],
    ['gcc-12_1.orig.tar.gz', { url: 'http://h/debian/pool/main/g/gcc-12/gcc-12_1.orig.tar.gz', sha256: sum, size: 34 }],
  ]);
});

test('where a version is not there, the others are told', () => {
  expect(findSource({ name: 'gcc-12', version: '3' }, texts)).toEqual(['1', '2']);
  expect(findSource({ name: 'gcc-13', version: '3' }, texts)).toEqual([]);
});

test('a folder outside of the archive is none', () => {
  const evil = [{ text: paragraph('1', '../../x'), archive: 'http://h/' }];
  expect(findSource({ name: 'gcc-12', version: '1' }, evil)).toEqual(['1']);
});
