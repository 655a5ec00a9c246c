import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fsPath } from '../archive/text.ts';
import { LowerTree } from './lower-tree.ts';
import { tarOfTree } from './tree-pack.ts';
import { walkTree } from './walk.ts';

const root = mkdtempSync(join(tmpdir(), 'polyarch-walk-'));
afterAll(() => rmSync(root, { recursive: true }));
for (const folder of ['one/b/c', 'one/a', 'two/b', 'three/b/c']) mkdirSync(join(root, folder), { recursive: true });
for (const file of ['one/b/c/x', 'one/b-', 'two/b/c', 'three/b/c/y', 'one/é', 'one/caf\uDCE9'])
  writeFileSync(fsPath(join(root, file)), '');
symlinkSync('b', join(root, 'one/z'));

describe('walkTree', () => {
  it('goes in sorted order, folders first, and follows no symlink', () => {
    expect([...walkTree(join(root, 'one'))].map(({ path }) => path)).toEqual([
      'a',
      'b',
      'b/c',
      'b/c/x',
      'b-',
      'caf\uDCE9',
      'z',
      'é',
    ]);
  });

  it('keeps out of folders it is told to', () => {
    const names = [...walkTree(join(root, 'one'), { enter: ({ path }) => path !== 'b' })].map(({ path }) => path);
    expect(names).not.toContain('b/c');
  });
});

describe('LowerTree', () => {
  const layers = ['one', 'two', 'three'].map((name) => join(root, name));

  it.each([
    [['one'], true, true],
    [['one', 'two'], false, false],
    [['one', 'two', 'three'], false, true],
    [['two', 'three'], false, true],
  ])('of %j: b/c has x %s, is a folder %s', (names, x, folder) => {
    const lower = new LowerTree(names.map((name) => join(root, name)));
    lower.enter('b', false);
    expect(lower.hasFolder('b/c')).toBe(folder);
    lower.enter('b/c', false);
    expect(lower.has('b/c/x')).toBe(x);
  });

  it('shows nothing below what the upper layer hides', () => {
    const lower = new LowerTree(layers);
    expect(lower.has('b')).toBe(true);
    lower.enter('b', true);
    expect(lower.has('b/c')).toBe(false);
  });
});

async function pack(): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of tarOfTree(join(root, 'one'), { prefix: '/p/q/', clampMtime: 7 })) parts.push(part);
  return Buffer.concat(parts);
}

describe('tarOfTree', () => {
  it('gives the same bytes every time, with no time later than asked', async () => {
    const [one, two] = [await pack(), await pack()];
    expect(one.equals(two)).toBe(true);
    expect(one.toString('latin1')).toMatch(/^p\//);
  });
});
