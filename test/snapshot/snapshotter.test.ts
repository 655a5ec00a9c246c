import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { skip, temporaryFolder } from '../support/environment.ts';
import { cannotEnter, giveFolder, inNamespace } from '../support/namespace.ts';
import type { NamespaceKind } from '../support/namespace.ts';
import type * as Scenarios from './scenarios.ts';

const url = new URL('./scenarios.ts', import.meta.url);

async function run<K extends keyof typeof Scenarios>(
  name: K,
  options: { kind?: NamespaceKind; args?: readonly unknown[]; root?: string; onStart?: (pid: number) => void } = {},
) {
  const kind = options.kind ?? 'identity';
  using scratch = options.root === undefined ? temporaryFolder() : undefined;
  const root = options.root ?? scratch?.path ?? '';
  giveFolder(root, kind);
  return await inNamespace<Awaited<ReturnType<(typeof Scenarios)[K]>>>(url, name, {
    kind,
    args: [root, ...(options.args ?? [])],
    ...(options.onStart === undefined ? {} : { onStart: options.onStart }),
  });
}

describe.each<readonly ['overlay' | 'copy', NamespaceKind]>([
  ['overlay', 'identity'],
  ['overlay', 'subordinate'],
  ['copy', 'identity'],
  ['copy', 'subordinate'],
])('a snapshot made by %s, %s ids', (kind, namespace) => {
  it('commits to a layer that says exactly what changed', async (context) => {
    const reason = cannotEnter(namespace);
    if (reason !== undefined) skip(context, reason);
    const result = await run('lifecycle', { kind: namespace, args: [kind] });
    expect(result.kind).toBe(kind);
    expect(result.seen).toEqual(result.base);
    expect(result.view).toEqual(result.inside);
    expect(result.diff).toEqual([
      'file a',
      'directory d/',
      'file d/.wh.x',
      'file d/y',
      'directory e/',
      'file e/.wh..wh..opq',
      'file e/fresh',
      'symlink l → elsewhere',
      'file .wh.m',
      'directory moved/',
      'file moved/in',
      'directory n/',
      'directory n/n/',
      'file new',
      'hardlink new2 → new',
      'directory z/',
    ]);
    expect(result.empty).toEqual([]);
    expect(result.store).toEqual(['.work', 'base', 'nothing', 'step']);
    expect(result.work).toHaveLength(1); // the view that was still open
  });

  it('shows folders as the layer that describes them says', async (context) => {
    const reason = cannotEnter(namespace);
    if (reason !== undefined) skip(context, reason);
    const result = await run('impliedFolders', { kind: namespace, args: [kind] });
    expect(result).toEqual({
      merged: [
        '. 40000 711 0:0 3000000000 /',
        'gone 40000 755 0:0 0 /',
        'tmp 40000 1777 0:0 5000000000 /',
        'var 40000 755 0:0 0 /',
        'var/lib 40000 700 9:0 6000000000 /',
      ],
      overridden: [
        '. 40000 711 0:0 3000000000 /',
        'tmp 40000 755 0:0 8000000000 /',
        'var 40000 755 0:0 0 /',
        'var/lib 40000 700 9:0 6000000000 /',
      ],
      step: [expect.stringMatching(/^tmp 40000 1777 0:0 /)],
    });
  });

  it('may have one layer twice', async (context) => {
    const reason = cannotEnter(namespace);
    if (reason !== undefined) skip(context, reason);
    const result = await run('layerTwice', { kind: namespace, args: [kind] });
    expect(result.twice).toEqual(result.apart);
    expect(result.twice.map((line) => line.split(' ')[0])).toEqual([
      'a',
      'd',
      'd/mine',
      'e',
      'e/implied',
      'e/old',
      'e/sub',
      'e/sub/deep',
      'h',
      'h1',
      'h2',
      'l',
      'm',
    ]);
    expect(result.alone).toEqual(result.single);
    expect(result.names).toEqual(['d', 'd/mine']);
  });

  it('is exported as a folder and as a tar', async (context) => {
    const reason = cannotEnter(namespace);
    if (reason !== undefined) skip(context, reason);
    const result = await run('exports', { kind: namespace, args: [kind] });
    expect(result.outside).toBe('untouched');
    expect(result.out.map((line) => line.replace(/ \d+ [0-9a-f]{12}/, ''))).toEqual([
      'a 100000 644 0:0 0',
      'd 40000 750 0:0 100000000000 /',
      'd/y 100000 644 0:0 8000000000',
      'e 40000 755 0:0 9000000000 /',
      expect.stringMatching(/^e\/kept /),
      'e/sub/deep 100000 644 0:0 0',
      'h2 100000 644 0:0 0 = h1',
      'm 40000 755 0:0 0 /',
      'm/in 100000 644 0:0 0',
      'w 100000 755 0:0 500000000000',
    ]);
    expect(result.tar.slice(0, 4)).toEqual([
      'directory linux_amd64/',
      'file linux_amd64/a',
      'directory linux_amd64/d/',
      'file linux_amd64/d/x',
    ]);
    expect(result.tar).toContain('hardlink linux_amd64/h2 → linux_amd64/h1');
    expect(result.tar).not.toContain('file linux_amd64/z');
  });
});

describe('a snapshotter', () => {
  it('stacks 400 layers', async () => {
    const length = 400;
    const result = await run('longChain', { args: [length] });
    expect(result).toMatchObject({ names: length, last: true, first: false });
  });

  it('unpacks a layer once, whoever asks', async () => {
    expect(await run('unpackTogether')).toEqual({
      digests: 1,
      kept: true,
      has: false,
      mismatch: 'DIGEST_MISMATCH',
      wrong: false,
      turns: ['Error: enough', true],
    });
  });

  it('lets two processes unpack one layer at once', async () => {
    using scratch = temporaryFolder();
    const [one, two] = await Promise.all(
      [20, 25].map((pause) => run('slowUnpack', { root: scratch.path, args: [{ pause }] })),
    );
    expect(one).toEqual(two);
    expect(one?.count).toBe(40);
    const after = await run('look', { root: scratch.path });
    expect(after).toEqual({ before: 0, left: 0, layers: ['after', 'slow'] });
  });

  it.each([
    ['while it unpacks', 'slowUnpack', [{ pause: 10, stop: 2, rest: 30_000 }], ['after']],
    ['inside a snapshot', 'waitInSnapshot', [], ['after', 'base', 'base2']],
  ] as const)('killed %s leaves nothing that the next one does not clean up', async (_, name, args, layers) => {
    using scratch = temporaryFolder();
    let pid = 0;
    const dying = run(name, { root: scratch.path, args, onStart: (started) => (pid = started) });
    const died = dying.catch(String);
    while (!existsSync(join(scratch.path, 'half-way'))) await sleep(5);
    const beside = await run('look', { root: scratch.path });
    expect(beside, 'what the live one has stays').toMatchObject({ before: 1, left: 2 });
    process.kill(pid, 'SIGKILL');
    expect(await died).toContain('SIGKILL');
    expect(await run('look', { root: scratch.path })).toEqual({ before: 1, left: 0, layers });
  });

  it('leaves nothing half made on a full disk', async () => {
    const result = await run('fullDisk');
    expect(result).toMatchObject({ code: 'NO_SPACE', has: false, small: expect.stringMatching(/^sha256:/) });
    expect(result.lost).toBeLessThan(10);
  });

  it('copies where overlayfs cannot be mounted', async () => {
    using scratch = temporaryFolder();
    mkdirSync(join(scratch.path, 'fs'));
    expect(await run('withoutOverlay', { root: join(scratch.path, 'fs') })).toBe('copy');
  });
});
