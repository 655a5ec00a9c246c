import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copy, type GivenCopy } from '../../../test/support/copy.ts';
import { describeTree, type TreeSpec } from '../../../test/support/tree.ts';

type Case = [name: string, source: TreeSpec, dest: TreeSpec, action: GivenCopy, expected: Record<string, string>];

describe('COPY', () => {
  test.each<Case>([
    ['a file to a name', { a: 'A' }, {}, { sourcePath: '/a', destPath: '/b' }, { b: 'A' }],
    ['a file to a folder by its slash', { a: 'A' }, {}, { sourcePath: '/a', destPath: '/d/' }, { d: '/', 'd/a': 'A' }],
    [
      'a file into a folder that is there',
      { a: 'A' },
      { d: undefined },
      { sourcePath: '/a', destPath: '/d' },
      { d: '/', 'd/a': 'A' },
    ],
    ['a file over a file', { a: 'A' }, { b: 'old' }, { sourcePath: '/a', destPath: '/b' }, { b: 'A' }],
    [
      'a file over a link in the folder replaces the link',
      { 'd/a': 'A' },
      { 'd/a': '->x', 'd/x': 'X' },
      { sourcePath: '/d', destPath: '/d/' },
      { d: '/', 'd/a': 'A', 'd/x': 'X' },
    ],
    [
      'a file to a link follows the link',
      { a: 'A' },
      { b: '->c', c: 'old' },
      { sourcePath: '/a', destPath: '/b' },
      { b: '->c', c: 'A' },
    ],
    [
      'parents are made',
      { a: 'A' },
      {},
      { sourcePath: '/a', destPath: '/x/y/z' },
      { x: '/', 'x/y': '/', 'x/y/z': 'A' },
    ],
    [
      'parents are made with the owner',
      { a: 'A' },
      {},
      { sourcePath: '/a', destPath: '/x/y/z', owner: { user: { kind: 'id', id: 7 } } },
      { x: '/ 7:7', 'x/y': '/ 7:7', 'x/y/z': 'A 7:7' },
    ],
    [
      'the content of a folder',
      { 'd/a': 'A', 'd/s/b': 'B' },
      {},
      { sourcePath: '/d', destPath: '/e' },
      { e: '/', 'e/a': 'A', 'e/s': '/', 'e/s/b': 'B' },
    ],
    [
      'everything to the root',
      { a: 'A', 'd/b': 'B' },
      { z: 'Z' },
      { sourcePath: '/', destPath: '/' },
      { a: 'A', d: '/', 'd/b': 'B', z: 'Z' },
    ],
    [
      'folders are merged',
      { 'd/a': 'A', 'd/s/b': 'B' },
      { 'e/s/c': 'C' },
      { sourcePath: '/d', destPath: '/e' },
      { e: '/', 'e/a': 'A', 'e/s': '/', 'e/s/b': 'B', 'e/s/c': 'C' },
    ],
    [
      'a merged folder takes the mode of the source',
      { 'd/s': { mode: 0o700 } },
      { 'e/s': undefined },
      { sourcePath: '/d', destPath: '/e' },
      { e: '/', 'e/s': '/ 700' },
    ],
    [
      'the destination folder keeps its own mode',
      { d: { mode: 0o700 }, 'd/a': 'A' },
      { e: { mode: 0o711 } },
      { sourcePath: '/d', destPath: '/e' },
      { e: '/ 711', 'e/a': 'A' },
    ],
    [
      'a folder as such',
      { 'd/a': 'A' },
      { e: undefined },
      { sourcePath: '/d', destPath: '/e', dirCopyContents: false },
      { e: '/', 'e/d': '/', 'e/d/a': 'A' },
    ],
    [
      'a folder as such to a new name',
      { 'd/a': 'A' },
      {},
      { sourcePath: '/d', destPath: '/e', dirCopyContents: false },
      { e: '/', 'e/a': 'A' },
    ],
    [
      'links are kept',
      { 'd/l': '->a', 'd/a': 'A', 'd/broken': '->nowhere' },
      {},
      { sourcePath: '/d', destPath: '/e' },
      { e: '/', 'e/a': 'A', 'e/broken': '->nowhere', 'e/l': '->a' },
    ],
    ['the named link is followed', { l: '->/d/a', 'd/a': 'A' }, {}, { sourcePath: '/l', destPath: '/x' }, { x: 'A' }],
    [
      'the named link is kept when not following',
      { l: '->/d/a', 'd/a': 'A' },
      {},
      { sourcePath: '/l', destPath: '/x', followSymlink: false },
      { x: '->/d/a' },
    ],
    [
      'a followed link keeps its name in a folder',
      { l: '->a', a: 'A' },
      {},
      { sourcePath: '/l', destPath: '/d/' },
      { d: '/', 'd/l': 'A' },
    ],
    [
      'a link on the way to the source is followed',
      { l: '->d', 'd/a': 'A' },
      {},
      { sourcePath: '/l/a', destPath: '/x' },
      { x: 'A' },
    ],
    [
      'a wildcard',
      { 'a.go': '1', 'b.go': '2', 'c.txt': '3' },
      {},
      { sourcePath: '/*.go', destPath: '/src/' },
      { src: '/', 'src/a.go': '1', 'src/b.go': '2' },
    ],
    [
      'a wildcard does not cross a slash',
      { 'd/a.go': '1', 'b.go': '2' },
      {},
      { sourcePath: '/*.go', destPath: '/src/' },
      { src: '/', 'src/b.go': '2' },
    ],
    [
      'a wildcard in the middle',
      { 'p/x/f': '1', 'p/y/f': '2', 'p/z/g': '3' },
      {},
      { sourcePath: '/p/*/f', destPath: '/out/' },
      { out: '/', 'out/f': '2' },
    ],
    [
      'a wildcard that matches folders merges what is in them',
      { 'd1/a': '1', 'd2/b': '2' },
      {},
      { sourcePath: '/d*', destPath: '/out/' },
      { out: '/', 'out/a': '1', 'out/b': '2' },
    ],
    ['a class', { 'f[0].txt': 'x' }, {}, { sourcePath: '/f[[]0].txt', destPath: '/out' }, { out: 'x' }],
    [
      'an escaped wildcard',
      { 'a*b': 'x', acb: 'y' },
      {},
      { sourcePath: String.raw`/a\*b`, destPath: '/out' },
      { out: 'x' },
    ],
    ['no match copies nothing', { a: 'A' }, {}, { sourcePath: '/x*', destPath: '/out/' }, {}],
    [
      'an owner',
      { 'd/a': 'A' },
      {},
      { sourcePath: '/d', destPath: '/e', owner: { user: { kind: 'id', id: 5 }, group: { kind: 'id', id: 6 } } },
      { e: '/ 5:6', 'e/a': 'A 5:6' },
    ],
    [
      'an owner by name',
      { a: 'A' },
      { 'etc/passwd': 'root:x:0:0::/:/bin/sh\nweb:x:33:44::/:/bin/sh\n', 'etc/group': 'staff:x:50:\n' },
      { sourcePath: '/a', destPath: '/e', owner: { user: { kind: 'name', name: 'web' } } },
      {
        e: 'A 33:44',
        etc: '/',
        'etc/group': 'staff:x:50:\n',
        'etc/passwd': 'root:x:0:0::/:/bin/sh\nweb:x:33:44::/:/bin/sh\n',
      },
    ],
    [
      'an octal mode for files and folders',
      { 'd/s/a': 'A' },
      {},
      { sourcePath: '/d', destPath: '/e/', mode: 0o750 },
      { e: '/ 750', 'e/s': '/ 750', 'e/s/a': 'A 750' },
    ],
    [
      'a symbolic mode',
      { 'd/s/a': { node: 'A', mode: 0o600 }, 'd/x': { node: 'X', mode: 0o700 } },
      {},
      { sourcePath: '/d', destPath: '/e/', modeStr: 'u=rwX,go=rX' },
      { e: '/', 'e/s': '/', 'e/s/a': 'A', 'e/x': 'X 755' },
    ],
    [
      'set-id bits survive an owner',
      { a: { node: 'A', mode: 0o4755 } },
      {},
      { sourcePath: '/a', destPath: '/b', owner: { user: { kind: 'id', id: 9 } } },
      { b: 'A 4755 9:9' },
    ],
    [
      'exclude patterns',
      { 'd/a': 'A', 'd/s/b.tmp': 'B', 'd/s/c': 'C', 'd/n/x': 'X' },
      {},
      { sourcePath: '/d', destPath: '/e', excludePatterns: ['**/*.tmp', 'n'] },
      { e: '/', 'e/a': 'A', 'e/s': '/', 'e/s/c': 'C' },
    ],
    [
      'exclude patterns with an exception',
      { 'd/n/x': 'X', 'd/n/y': 'Y' },
      {},
      { sourcePath: '/d', destPath: '/e', excludePatterns: ['n', '!n/y'] },
      { e: '/', 'e/n': '/', 'e/n/y': 'Y' },
    ],
    [
      'include patterns make only the folders they need',
      { 'a/b/c': '1', 'a/d/e': '2', 'f/c': '3' },
      {},
      { sourcePath: '/', destPath: '/o', includePatterns: ['a/*/c'] },
      { o: '/', 'o/a': '/', 'o/a/b': '/', 'o/a/b/c': '1' },
    ],
    [
      'a file over another type, replacing',
      { 'd/a': 'A' },
      { 'e/a/x': 'X' },
      { sourcePath: '/d', destPath: '/e', alwaysReplaceExistingDestPaths: true },
      { e: '/', 'e/a': 'A' },
    ],
    [
      'hard links stay one file',
      { 'd/a': 'A', 'd/b': '=d/a' },
      {},
      { sourcePath: '/d', destPath: '/e' },
      { e: '/', 'e/a': 'A', 'e/b': 'A' },
    ],
    [
      'dots in the destination',
      { a: 'A' },
      {},
      { sourcePath: '/a', destPath: '/x/../../y/./z/' },
      { y: '/', 'y/z': '/', 'y/z/a': 'A' },
    ],
    [
      'a destination that ends in a dot',
      { a: 'A' },
      {},
      { sourcePath: '/a', destPath: '/y/.' },
      { y: '/', 'y/a': 'A' },
    ],
  ])('%s', async (_name, source, dest, action, expected) => {
    const { root } = await copy(source, dest, action);
    expect(describeTree(root)).toEqual(expected);
  });

  test('hard links, times and xattr-free metadata are those of the source', async () => {
    const { root } = await copy(
      { 'd/a': { node: 'A', mtime: 1_000_000_000.123456 }, 'd/b': '=d/a', d: { mtime: 1_100_000_000 } },
      {},
      { sourcePath: '/d', destPath: '/e' },
    );
    expect(lstatSync(join(root, 'e/a')).ino).toBe(lstatSync(join(root, 'e/b')).ino);
    expect(lstatSync(join(root, 'e/a')).mtimeMs).toBeCloseTo(1_000_000_000_123.456, 2);
    expect(lstatSync(join(root, 'e')).mtimeMs).toBe(1_100_000_000_000);
  });

  test('a timestamp is given to everything made, parents too', async () => {
    const { root } = await copy(
      { 'd/a/b': 'A', 'd/l': '->a' },
      {},
      { sourcePath: '/d', destPath: '/x/e', timestamp: 1_234_567_890_000_000_000n },
    );
    for (const path of ['x', 'x/e', 'x/e/a', 'x/e/a/b', 'x/e/l'])
      expect(lstatSync(join(root, path)).mtimeMs).toBe(1_234_567_890_000);
  });

  test('nothing that matched is said', async () => {
    const { warnings } = await copy({}, {}, { sourcePath: '/x*', destPath: '/out/' });
    expect(warnings).toEqual(['"/x*" matches nothing in the source image: nothing was copied']);
  });
});
