import { chmodSync, lchownSync, lutimesSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeTree } from '../../../test/support/tree.ts';
import { lsetxattr } from '../../snapshot/syscalls.ts';
import type { TreeSelector } from './contract.ts';
import { treeDigest } from './tree-digest.ts';

const SPEC = { 'd/a': 'A', 'd/s/b': 'B', 'd/l': '->a', f: 'F', 'g.go': 'G', 'h.go': 'H' } as const;
const of = (root: string, ...selectors: TreeSelector[]) => treeDigest(root, selectors);

describe('treeDigest', () => {
  test('does not depend on times or on where the tree is', async () => {
    const [one, other] = [makeTree(SPEC), makeTree(SPEC)];
    lutimesSync(join(other, 'd/a'), 1, 1);
    expect(await of(other, { path: '/' })).toBe(await of(one, { path: '/' }));
  });

  test.each<[string, (root: string) => void]>([
    ['content', (root) => writeFileSync(join(root, 'd/a'), 'X')],
    ['mode', (root) => chmodSync(join(root, 'd/a'), 0o600)],
    ['owner', (root) => lchownSync(join(root, 'd/a'), 1, 0)],
    ['a name', (root) => writeFileSync(join(root, 'd/new'), '')],
    ['an empty folder', (root) => mkdirSync(join(root, 'd/empty'))],
    ['an attribute', (root) => lsetxattr(join(root, 'd/a'), 'user.note', { value: Buffer.from('x') })],
  ])('depends on %s', async (_name, change) => {
    const [one, other] = [makeTree(SPEC), makeTree(SPEC)];
    change(other);
    expect(await of(other, { path: '/d' })).not.toBe(await of(one, { path: '/d' }));
    expect(await of(other, { path: '/f' })).toBe(await of(one, { path: '/f' }));
  });

  test.each<[string, TreeSelector, string, boolean]>([
    ['excluded files do not count', { path: '/d', excludePatterns: ['a'] }, 'd/a', false],
    ['other files do', { path: '/d', excludePatterns: ['l'] }, 'd/a', true],
    ['only included files count', { path: '/', includePatterns: ['**/b'] }, 'd/a', false],
    ['a wildcard picks its matches', { path: '/*.go', wildcard: true }, 'g.go', true],
    ['and nothing else', { path: '/*.go', wildcard: true }, 'f', false],
    ['a followed link counts as what it names', { path: '/d/l', followLinks: true }, 'd/a', true],
    ['a link that is not followed by its text', { path: '/d/l' }, 'd/a', false],
  ])('%s', async (_name, selector, changed, differs) => {
    const [one, other] = [makeTree(SPEC), makeTree(SPEC)];
    writeFileSync(join(other, changed), 'changed');
    expect((await of(one, selector)) !== (await of(other, selector))).toBe(differs);
  });

  test('the name of what is picked counts only with a wildcard', async () => {
    const root = makeTree({ a: 'same', b: 'same' });
    expect(await of(root, { path: '/a' })).toBe(await of(root, { path: '/b' }));
    expect(await of(root, { path: '/a*', wildcard: true })).not.toBe(await of(root, { path: '/b*', wildcard: true }));
  });

  test('a missing path is an error unless it is optional', async () => {
    const root = makeTree({});
    await expect(of(root, { path: '/etc/passwd' })).rejects.toThrow(
      expect.objectContaining({ code: 'COPY_SOURCE_NOT_FOUND' }),
    );
    await expect(of(root, { path: '/etc/passwd', optional: true })).resolves.toMatch(/^sha256:/);
    await expect(of(root, { path: '/x*', wildcard: true })).resolves.toMatch(/^sha256:/);
  });

  test('a file larger than the buffer', async () => {
    const text = 'x'.repeat(3 * 1024 * 1024 + 17);
    const [one, other] = [makeTree({ a: text }), makeTree({ a: `${text.slice(0, -1)}y` })];
    expect(await of(one, { path: '/a' })).not.toBe(await of(other, { path: '/a' }));
    expect(await of(one, { path: '/a' })).toBe(await of(makeTree({ a: text }), { path: '/a' }));
  });
});
