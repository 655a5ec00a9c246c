import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeTree, makeTree, type TreeSpec } from '../../../test/support/tree.ts';
import { applyFileActions } from './apply.ts';
import type { FileAction } from './contract.ts';

const view = () => Promise.reject(new Error('nothing to mount'));

async function apply(spec: TreeSpec, ...actions: FileAction[]): Promise<string> {
  const root = makeTree(spec);
  await applyFileActions(root, actions, { view, warn: () => {} });
  return root;
}

const data = Buffer.from('text');

test.each<[string, TreeSpec, FileAction[], Record<string, string>]>([
  ['a folder', {}, [{ kind: 'mkdir', path: '/a', mode: 0o700 }], { a: '/ 700' }],
  [
    'a folder that is there stays',
    { a: { mode: 0o711 } },
    [{ kind: 'mkdir', path: '/a', mode: 0o755 }],
    { a: '/ 711' },
  ],
  [
    'folders with an owner',
    { a: undefined },
    [{ kind: 'mkdir', path: '/a/b/c', mode: 0o750, makeParents: true, owner: { user: { kind: 'id', id: 3 } } }],
    { a: '/', 'a/b': '/ 750 3:3', 'a/b/c': '/ 750 3:3' },
  ],
  [
    'a folder through a link',
    { l: '->/d', d: undefined },
    [{ kind: 'mkdir', path: '/l/x', mode: 0o755 }],
    { d: '/', 'd/x': '/', l: '->/d' },
  ],
  ['a file', {}, [{ kind: 'mkfile', path: '/f', mode: 0o600, data }], { f: 'text 600' }],
  ['a file over a file', { f: 'a longer text' }, [{ kind: 'mkfile', path: '/f', mode: 0o644, data }], { f: 'text' }],
  [
    'a link',
    {},
    [
      {
        kind: 'symlink',
        target: '../x',
        path: '/l',
        owner: { user: { kind: 'id', id: 3 }, group: { kind: 'id', id: 4 } },
      },
    ],
    { l: '->../x 3:4' },
  ],
  ['a file goes', { f: '', g: '' }, [{ kind: 'remove', path: '/f' }], { g: '' }],
  ['a folder goes with its content', { 'd/e/f': '', g: '' }, [{ kind: 'remove', path: 'd' }], { g: '' }],
  [
    'a link goes, not what it names',
    { l: '->d', 'd/f': 'F' },
    [{ kind: 'remove', path: '/l' }],
    { d: '/', 'd/f': 'F' },
  ],
  ['nothing to remove', { g: '' }, [{ kind: 'remove', path: '/f', allowNotFound: true }], { g: '' }],
  [
    'a wildcard',
    { 'd/a.o': '', 'd/b.o': '', 'd/c': 'C' },
    [{ kind: 'remove', path: '/d/*.o', allowWildcard: true }],
    { d: '/', 'd/c': 'C' },
  ],
  [
    'one after the other',
    {},
    [
      { kind: 'mkdir', path: '/a', mode: 0o755 },
      { kind: 'mkfile', path: '/a/f', mode: 0o644, data },
      { kind: 'copy', source: { kind: 'self' }, sourcePath: '/a/f', destPath: '/g' },
      { kind: 'remove', path: '/a' },
    ],
    { g: 'text' },
  ],
])('%s', async (_name, spec, actions, expected) => {
  expect(describeTree(await apply(spec, ...actions))).toEqual(expected);
});

test('a timestamp is given to what is made', async () => {
  const timestamp = 1_500_000_000_000_000_000n;
  const root = await apply(
    {},
    { kind: 'mkdir', path: '/a/b', mode: 0o755, makeParents: true, timestamp },
    { kind: 'mkfile', path: '/f', mode: 0o644, data, timestamp },
    { kind: 'symlink', target: 'x', path: '/l', timestamp },
  );
  for (const path of ['a', 'a/b', 'f', 'l']) expect(lstatSync(join(root, path)).mtimeMs).toBe(1_500_000_000_000);
});

test.each<[string, TreeSpec, FileAction, string]>([
  ['a folder where a file is', { a: '' }, { kind: 'mkdir', path: '/a', mode: 0o755 }, 'PATH_EXISTS'],
  ['a folder in a missing one', {}, { kind: 'mkdir', path: '/a/b', mode: 0o755 }, 'NOT_A_DIRECTORY'],
  ['a file where a folder is', { a: undefined }, { kind: 'mkfile', path: '/a', mode: 0o644, data }, 'PATH_EXISTS'],
  ['a file in a file', { a: '' }, { kind: 'mkfile', path: '/a/b', mode: 0o644, data }, 'NOT_A_DIRECTORY'],
  ['a link where something is', { a: '' }, { kind: 'symlink', target: 'x', path: '/a' }, 'PATH_EXISTS'],
  ['removing what is not there', {}, { kind: 'remove', path: '/a' }, 'REMOVE_NOT_FOUND'],
  ['removing the root', {}, { kind: 'remove', path: '/' }, 'REMOVE_ROOT'],
  [
    'an unknown group',
    {},
    { kind: 'mkdir', path: '/a', mode: 0o755, owner: { group: { kind: 'name', name: 'x' } } },
    'GROUP_NOT_FOUND',
  ],
])('%s is an error', async (_name, spec, action, code) => {
  await expect(apply(spec, action)).rejects.toThrow(expect.objectContaining({ code }));
});
