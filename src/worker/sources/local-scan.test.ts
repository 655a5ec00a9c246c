import { chmodSync, lchownSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { describeTree, makeTree, temporaryFolder, type TreeSpec } from '../../../test/support/tree.ts';
import { applyFileActions } from '../files/apply.ts';
import type { CopyAction } from '../files/contract.ts';
import { type ContextScan, scanContext, type ScanOptions } from './local-scan.ts';
import { fileStatCache, type StatCache } from './stat-cache.ts';

const scan = (root: string, options: Partial<ScanOptions> = {}) => scanContext(root, { name: 'context', ...options });
const paths = (scanned: ContextScan) => scanned.entries.slice(1).map((entry) => entry.path);

const SPEC: TreeSpec = {
  Dockerfile: 'FROM x',
  'src/a.go': 'a',
  'src/b.log': 'b',
  'node_modules/x/y': 'y',
  'docs/README.md': 'r',
  'docs/other': 'o',
};

describe('scanContext', () => {
  test.each<[string, TreeSpec, Partial<ScanOptions>, string[]]>([
    [
      'everything, sorted, folders first',
      SPEC,
      {},
      [
        'Dockerfile',
        'docs',
        'docs/README.md',
        'docs/other',
        'node_modules',
        'node_modules/x',
        'node_modules/x/y',
        'src',
        'src/a.go',
        'src/b.log',
      ],
    ],
    [
      'without what is excluded',
      SPEC,
      { excludePatterns: ['node_modules', '**/*.log', 'docs', '!docs/README.md'] },
      ['Dockerfile', 'docs', 'docs/README.md', 'src', 'src/a.go'],
    ],
    ['only what is included', SPEC, { includePatterns: ['src/*.go'] }, ['src', 'src/a.go']],
    [
      'only the paths that are followed',
      SPEC,
      { followPaths: ['src/a.go', 'Dockerfile'] },
      ['Dockerfile', 'src', 'src/a.go'],
    ],
    [
      'followed paths with their links',
      { 'a/l': '->../b', 'b/f': '', c: '' },
      { followPaths: ['a/l/f'] },
      ['a', 'a/l', 'b', 'b/f'],
    ],
    ['followed wildcards', { a1: '->x', a2: '', x: '', y: '' }, { followPaths: ['a*'] }, ['a1', 'a2', 'x']],
    ['a followed root is everything', { a: '', b: '' }, { followPaths: ['/', 'a'] }, ['a', 'b']],
    [
      'followed paths still exclude',
      { 'd/a': '', 'd/b': '' },
      { followPaths: ['d'], excludePatterns: ['d/b'] },
      ['d', 'd/a'],
    ],
    ['a missing followed path', { a: '' }, { followPaths: ['x/y'] }, []],
  ])('%s', async (_name, spec, options, expected) => {
    expect(paths(await scan(makeTree(spec), options))).toEqual(expected);
  });

  test('sockets are left out', async () => {
    const root = makeTree({ a: '' });
    const server = createServer().listen(join(root, 'socket'));
    await once(server, 'listening');
    expect(paths(await scan(root))).toEqual(['a']);
    server.close();
  });

  test('the root may be named by a link', async () => {
    const link = makeTree({ l: `->${makeTree({ a: '' })}` });
    expect(paths(await scan(join(link, 'l')))).toEqual(['a']);
  });

  const isRoot = process.getuid?.() === 0;
  if (!isRoot) process.stderr.write('SKIPPED what another person may not read: only root can become one\n');
  test.runIf(isRoot)('what another person may not read is an error only where it is needed', async () => {
    const root = makeTree({ 'open/a': '', 'closed/b': '', secret: { node: 'S', mode: 0o600 } });
    chmodSync(root, 0o755);
    chmodSync(join(root, 'closed'), 0o700);
    // Loads what is loaded late: the other person may not be able to read this checkout.
    await (await scan(root)).digest([{ path: '/open' }]);
    process.seteuid?.(65534);
    try {
      await expect(scan(root)).rejects.toThrow(
        expect.objectContaining({
          code: 'CONTEXT_UNREADABLE',
          details: { path: 'closed' },
          hint: expect.stringContaining('add the line "/closed" to .dockerignore') as string,
        }),
      );
      const scanned = await scan(root, { excludePatterns: ['closed', '!**/kept'] });
      expect(paths(scanned)).toEqual(['open', 'open/a', 'secret']);
      await expect(scanned.digest([{ path: '/open' }])).resolves.toMatch(/^sha256:/);
      await expect(scanned.digest([{ path: '/secret' }])).rejects.toThrow(
        expect.objectContaining({ code: 'CONTEXT_UNREADABLE', details: { path: 'secret' } }),
      );
    } finally {
      process.seteuid?.(0);
    }
  });

  test('a missing folder and a file are errors', async () => {
    const root = makeTree({ a: '' });
    for (const path of ['missing', 'a'])
      await expect(scan(join(root, path))).rejects.toThrow(expect.objectContaining({ code: 'CONTEXT_NOT_FOUND' }));
  });
});

/** A cache in memory that counts. */
function memoryCache(): StatCache & { saves: number } {
  const stored = new Map<string, Uint8Array>();
  return {
    saves: 0,
    load: (key) => stored.get(key),
    save(key, bytes) {
      this.saves++;
      stored.set(key, bytes);
    },
  };
}

/** Files changed long ago, so that their digests may be kept. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 2100));
}

describe('the digest of a scan', () => {
  test('does not depend on place, owner, times or the mode of the root', async () => {
    const [one, other] = [makeTree(SPEC), makeTree(SPEC)];
    lchownSync(join(other, 'src/a.go'), 5, 5);
    utimesSync(join(other, 'src/a.go'), 5, 5);
    chmodSync(other, 0o700);
    const [first, second] = await Promise.all([scan(one), scan(other)]);
    expect(await second.digest([{ path: '/' }])).toBe(await first.digest([{ path: '/' }]));
  });

  test('is of what a copy sees', async () => {
    const root = makeTree(SPEC);
    const before = await scan(root, { excludePatterns: ['docs'] });
    const [all, src] = [
      await before.digest([{ path: '/' }]),
      await before.digest([{ path: '/src', excludePatterns: ['*.log'] }]),
    ];
    writeFileSync(join(root, 'docs/other'), 'changed');
    writeFileSync(join(root, 'src/b.log'), 'changed');
    const after = await scan(root, { excludePatterns: ['docs'] });
    expect(await after.digest([{ path: '/src', excludePatterns: ['*.log'] }])).toBe(src);
    expect(await after.digest([{ path: '/' }])).not.toBe(all);
  });

  test('what is like a missing path is named although it was not asked for, unless it is excluded', async () => {
    const scanned = await scan(makeTree(SPEC), { followPaths: ['src/a.og'], excludePatterns: ['**/*.log'] });
    await expect(scanned.digest([{ path: '/src/a.og' }])).rejects.toMatchObject({
      message: '"/src/a.og" is not in the build context, did you mean "a.go"?',
      hint: '/src there has: a.go',
    });
  });

  test('an excluded path is said to be', async () => {
    const scanned = await scan(makeTree(SPEC), { excludePatterns: ['docs'], ignoreFile: 'x.dockerignore' });
    await expect(scanned.digest([{ path: '/docs/other' }])).rejects.toThrow(
      /"\/docs\/other" cannot be copied: x\.dockerignore excludes it from the build context/,
    );
    await expect(scanned.digest([{ path: '/dcos' }])).rejects.toThrow(/"\/dcos" is not in the build context/);
  });

  test('unchanged files are not read again', async () => {
    const root = makeTree({ a: 'first', 'd/b': 'B' });
    await settle();
    const cache = memoryCache();
    const digest = async (): Promise<string> => {
      const scanned = await scan(root, { cache });
      const found = await scanned.digest([{ path: '/' }]);
      scanned.save();
      return found;
    };
    const first = await digest();
    expect(cache.saves).toBe(1);
    expect(await digest()).toBe(first);
    expect(cache.saves).toBe(1);
    writeFileSync(join(root, 'a'), 'other');
    expect(await digest()).not.toBe(first);
  });

  test('a file changed just before it was read is not trusted', async () => {
    const root = makeTree({ a: 'first' });
    const cache = memoryCache();
    const scanned = await scan(root, { cache });
    await scanned.digest([{ path: '/' }]);
    scanned.save();
    const again = await scan(root, { cache });
    await again.digest([{ path: '/' }]);
    again.save();
    expect(cache.saves).toBe(2);
  });

  test('a damaged cache costs only time', async () => {
    const root = makeTree({ a: 'A' });
    const folder = temporaryFolder();
    const cache = fileStatCache(folder);
    const plain = await (await scan(root)).digest([{ path: '/' }]);
    for (const bytes of [Buffer.alloc(0), Buffer.from('nonsense'), Buffer.from('PSC2\xff\xff\xff\xff', 'latin1')]) {
      cache.save(`context\0${root}`, bytes);
      expect(await (await scan(root, { cache })).digest([{ path: '/' }])).toBe(plain);
    }
    const unwritable = fileStatCache('/dev/null/nowhere');
    const scanned = await scan(root, { cache: unwritable });
    expect(await scanned.digest([{ path: '/' }])).toBe(plain);
    scanned.save();
  });

  test('a file that changes after the scan is an error', async () => {
    const root = makeTree({ a: 'A', b: 'B' });
    const scanned = await scan(root);
    writeFileSync(join(root, 'a'), 'longer');
    await expect(scanned.digest([{ path: '/a' }])).rejects.toThrow(
      expect.objectContaining({ code: 'CONTEXT_CHANGED', details: { path: 'a' } }),
    );
    rmSync(join(root, 'b'));
    await expect(scanned.digest([{ path: '/b' }])).rejects.toThrow(/"b" of the build context was removed/);
  });
});

const COPY: Omit<CopyAction, 'source'> = {
  kind: 'copy',
  sourcePath: '/',
  destPath: '/',
  followSymlink: true,
  dirCopyContents: true,
  createDestPath: true,
  allowWildcard: true,
  allowEmptyWildcard: true,
};

const view = () => Promise.reject(new Error('nothing to mount'));

async function copyFrom(scanned: ContextScan, action: Partial<CopyAction> = {}): Promise<string> {
  const root = temporaryFolder();
  await applyFileActions(root, [{ ...COPY, source: scanned.source, ...action }], { view, warn: () => {} });
  return root;
}

describe('copies from a scan', () => {
  test('see only what was scanned, owned by root', async () => {
    const root = makeTree({ ...SPEC, 'src/link': '->a.go' });
    lchownSync(join(root, 'src/a.go'), 5, 5);
    const scanned = await scan(root, { excludePatterns: ['node_modules', 'docs', '!docs/README.md'] });
    mkdirSync(join(root, 'later'));
    expect(describeTree(await copyFrom(scanned))).toEqual({
      Dockerfile: 'FROM x',
      docs: '/',
      'docs/README.md': 'r',
      src: '/',
      'src/a.go': 'a',
      'src/b.log': 'b',
      'src/link': '->a.go',
    });
    expect(describeTree(await copyFrom(scanned, { sourcePath: '/src/*.go', destPath: '/x/' }))).toEqual({
      x: '/',
      'x/a.go': 'a',
    });
  });

  test('a file that changed since is an error that names it', async () => {
    const root = makeTree({ 'd/a': 'A' });
    const scanned = await scan(root);
    writeFileSync(join(root, 'd/a'), 'changed');
    await expect(copyFrom(scanned)).rejects.toThrow(
      expect.objectContaining({
        code: 'CONTEXT_CHANGED',
        message: '"d/a" of the build context changed while it was being read',
      }),
    );
    rmSync(join(root, 'd/a'));
    await expect(copyFrom(scanned)).rejects.toThrow(expect.objectContaining({ code: 'CONTEXT_CHANGED' }));
  });

  test('a folder swapped for a link to outside is not read', async () => {
    const outside = makeTree({ a: 'SECRET' });
    const root = makeTree({ 'd/a': 'A' });
    const scanned = await scan(root);
    rmSync(join(root, 'd'), { recursive: true });
    makeTree({ d: `->${outside}` }, root);
    await expect(copyFrom(scanned)).rejects.toThrow(expect.objectContaining({ code: 'CONTEXT_CHANGED' }));
  });

  test('names of any bytes', async () => {
    const root = temporaryFolder();
    const odd = Buffer.concat([Buffer.from(join(root, 'odd-')), Buffer.of(0xff, 0xe9)]);
    writeFileSync(odd, 'O');
    writeFileSync(join(root, 'ünï'), 'U');
    const copied = await copyFrom(await scan(root));
    expect((await scan(copied)).entries.map((entry) => entry.path)).toEqual(
      (await scan(root)).entries.map((entry) => entry.path),
    );
    expect(await (await scan(copied)).digest([{ path: '/' }])).toBe(await (await scan(root)).digest([{ path: '/' }]));
  });
});
