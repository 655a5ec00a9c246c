import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copy, type GivenCopy } from '../../../test/support/copy.ts';
import type { TreeSpec } from '../../../test/support/tree.ts';

describe('COPY keeps to its root and says what is wrong', () => {
  test.each<[string, TreeSpec, TreeSpec, GivenCopy, string, RegExp]>([
    [
      'a missing source names what is alike',
      { 'package.json': '' },
      {},
      { sourcePath: '/pakage.json', destPath: '/' },
      'COPY_SOURCE_NOT_FOUND',
      /"\/pakage\.json" is not in the source image, did you mean "package\.json"/,
    ],
    [
      'a file over a folder',
      { 'd/a': 'A' },
      { 'e/a/x': 'X' },
      { sourcePath: '/d', destPath: '/e' },
      'COPY_TYPE_CONFLICT',
      /"\/a" cannot take the place of the directory "\/e\/a"|cannot take the place of the directory/,
    ],
    [
      'a folder over a file',
      { 'd/a/b': 'A' },
      { 'e/a': 'X' },
      { sourcePath: '/d', destPath: '/e' },
      'COPY_TYPE_CONFLICT',
      /cannot take the place of the file "\/e\/a"/,
    ],
    [
      'a folder over a link to a folder',
      { 'd/lib/b': 'A' },
      { 'usr/lib': undefined, lib: '->usr/lib' },
      { sourcePath: '/d', destPath: '/' },
      'COPY_TYPE_CONFLICT',
      /cannot take the place of the symlink "\/lib"/,
    ],
    [
      'a file on the way',
      { a: 'A' },
      { x: 'X' },
      { sourcePath: '/a', destPath: '/x/y' },
      'NOT_A_DIRECTORY',
      /"\/x" is a file/,
    ],
    [
      'an unknown user',
      { a: 'A' },
      { 'etc/passwd': 'www:x:1:1::/:\n' },
      { sourcePath: '/a', destPath: '/b', owner: { user: { kind: 'name', name: 'ww' } } },
      'USER_NOT_FOUND',
      /no user "ww" in the image's \/etc\/passwd, did you mean "www"/,
    ],
    [
      'a missing parent that is not to be made',
      { a: 'A' },
      {},
      { sourcePath: '/a', destPath: '/x/y', createDestPath: false },
      'COPY_PARENT_NOT_FOUND',
      /"\/x" is not there/,
    ],
    [
      'a loop of links',
      { a: 'A' },
      { l: '->m', m: '->l' },
      { sourcePath: '/a', destPath: '/l/x' },
      'SYMLINK_LOOP',
      /too many/,
    ],
    [
      'a required path',
      { 'd/a': 'A' },
      {},
      { sourcePath: '/', destPath: '/o/', includePatterns: ['d/b'], requiredPaths: ['/d/b'] },
      'COPY_SOURCE_NOT_FOUND',
      /"\/d\/b" is not in/,
    ],
    [
      'no wildcard match that is not allowed',
      { a: 'A' },
      {},
      { sourcePath: '/b*', destPath: '/o/', allowEmptyWildcard: false },
      'COPY_SOURCE_NOT_FOUND',
      /matches nothing/,
    ],
    ['a bad pattern', { a: 'A' }, {}, { sourcePath: '/[', destPath: '/o/' }, 'PATTERN_INVALID', /not closed/],
  ])('%s is an error', async (_name, source, dest, action, code, message) => {
    await expect(copy(source, dest, action)).rejects.toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    );
  });

  test('links in the destination never lead out of the root', async () => {
    const { root } = await copy(
      { a: 'A' },
      { up: '->../../../../../../tmp', abs: '->/etc', etc: undefined },
      { sourcePath: '/a', destPath: '/up/x/' },
    );
    expect(statSync(join(root, 'tmp/x/a')).isFile()).toBe(true);
    const second = await copy({ a: 'A' }, { abs: '->/etc' }, { sourcePath: '/a', destPath: '/abs/hacked' });
    expect(statSync(join(second.root, 'etc/hacked')).isFile()).toBe(true);
  });

  test('links in the source never lead out of it', async () => {
    await expect(copy({ l: '->/etc/passwd' }, {}, { sourcePath: '/l', destPath: '/x' })).rejects.toThrow(
      expect.objectContaining({ code: 'COPY_SOURCE_NOT_FOUND' }),
    );
    await expect(
      copy({ 'd/l': '->../../../../../../../../etc' }, {}, { sourcePath: '/d/l/passwd', destPath: '/x' }),
    ).rejects.toThrow(expect.objectContaining({ code: 'COPY_SOURCE_NOT_FOUND' }));
  });
});
