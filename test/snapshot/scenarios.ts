import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTar } from '../../src/archive/reader.ts';
import { exportDirectory } from '../../src/snapshot/export-directory.ts';
import { openSnapshotter } from '../../src/snapshot/snapshotter.ts';
import type { OpenSnapshotter } from '../../src/snapshot/snapshotter.ts';
import { mount } from '../../src/snapshot/syscalls.ts';
import { tarOfTree } from '../../src/snapshot/tree-pack.ts';
import { smallTar } from './hostile.ts';
import type { Members } from './hostile.ts';
import { listTree } from './tree.ts';

/*
 * Run inside a namespace by inNamespace: each takes a scratch folder and gives back what it saw.
 */

type Kind = 'overlay' | 'copy';

/** An archive as `type path` lines, with `→` for links. */
export async function names(tar: AsyncIterable<Uint8Array>): Promise<string[]> {
  const found: string[] = [];
  for await (const { entry } of readTar(tar))
    found.push(`${entry.type} ${entry.path}${entry.linkname === '' ? '' : ` → ${entry.linkname}`}`);
  return found;
}

const BASE: Members = [
  { path: 'a', type: 'file' },
  { path: 'd', type: 'directory', mode: 0o750, uid: 3, gid: 4, mtime: 100 },
  { path: 'd/x', type: 'file', mtime: 7 },
  { path: 'd/y', type: 'file', uid: 5, mtime: 8 },
  { path: 'e', type: 'directory', mtime: 9 },
  { path: 'e/old', type: 'file' },
  { path: 'e/sub', type: 'directory' },
  { path: 'e/sub/deep', type: 'file' },
  { path: 'h1', type: 'file' },
  { path: 'h2', type: 'hardlink', linkname: 'h1' },
  { path: 'l', type: 'symlink', linkname: 'a' },
  { path: 'm', type: 'directory' },
  { path: 'm/in', type: 'file' },
  { path: 'z', type: 'file' },
];

/** Everything a step may do to a tree, committed, looked at and packed. */
export async function lifecycle(root: string, kind: Kind) {
  await using snapshots = openSnapshotter({ root: join(root, 'snapshots'), kind });
  const base = { id: 'base' };
  await snapshots.unpack(base, smallTar(BASE));
  const active = await snapshots.prepare([base], 'step');
  const at = (path: string) => join(active.path, path);
  const seen = listTree(active.path);
  writeFileSync(at('new'), 'new');
  writeFileSync(at('a'), 'changed');
  rmSync(at('d/x'));
  rmSync(at('e'), { recursive: true });
  mkdirSync(at('e'));
  writeFileSync(at('e/fresh'), 'fresh');
  mkdirSync(at('n/n'), { recursive: true });
  chmodSync(at('d/y'), 0o4755);
  rmSync(at('l'));
  symlinkSync('elsewhere', at('l'));
  linkSync(at('new'), at('new2'));
  rmSync(at('z'));
  mkdirSync(at('z'));
  // As mv(1) does where overlayfs answers EXDEV.
  mkdirSync(at('moved'));
  renameSync(at('m/in'), at('moved/in'));
  rmSync(at('m'), { recursive: true });
  const inside = listTree(active.path, { times: false });
  const step = await active.commit();
  await active[Symbol.asyncDispose]();
  await using view = await snapshots.view([base, step]);
  const later = await snapshots.prepare([base, step], 'nothing');
  const nothing = await later.commit();
  return {
    kind: snapshots.kind(),
    base: listTree(snapshots.folder(base)),
    seen,
    inside,
    view: listTree(view.path, { times: false }),
    diff: await names(snapshots.diff(step, { lower: [base] })),
    empty: [...listTree(snapshots.folder(nothing)), ...(await names(snapshots.diff(nothing, { lower: [base, step] })))],
    store: readdirSync(join(root, 'snapshots')).toSorted(),
    work: readdirSync(join(root, 'snapshots/.work'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /fs$|merged$/.test(name),
    ),
  };
}

/** A chain that has one layer twice, and the same with the two as layers of their own. */
export async function layerTwice(root: string, kind: Kind) {
  await using snapshots = openSnapshotter({ root: join(root, 'snapshots'), kind });
  const again = (): AsyncIterable<Uint8Array> =>
    smallTar([
      { path: 'd', type: 'directory', mode: 0o700, mtime: 50 },
      { path: 'd/.wh..wh..opq', type: 'file', size: 0 },
      { path: 'd/mine', type: 'file', mtime: 51 },
      { path: 'e/implied', type: 'file', mtime: 52 },
      { path: '.wh.z', type: 'file', size: 0 },
      { path: 'm', type: 'file', mtime: 53 },
      { path: 'h', type: 'hardlink', linkname: 'm' },
    ]);
  const between = smallTar([
    { path: 'd', type: 'directory', mode: 0o755, mtime: 60 },
    { path: 'd/other', type: 'file', mtime: 61 },
    { path: 'e', type: 'directory', mode: 0o711, mtime: 62 },
    { path: 'e/.wh.implied', type: 'file', size: 0 },
    { path: 'm', type: 'directory', mtime: 63 },
    { path: 'm/in', type: 'file', mtime: 64 },
    { path: 'z', type: 'file', mtime: 65 },
  ]);
  const layers = { base: smallTar(BASE), one: again(), between, two: again() };
  for (const [id, tar] of Object.entries(layers)) await snapshots.unpack({ id }, tar);
  const list = async (...ids: string[]) => {
    await using view = await snapshots.view(ids.map((id) => ({ id })));
    return listTree(view.path);
  };
  const active = await snapshots.prepare(
    ['base', 'one', 'between', 'one'].map((id) => ({ id })),
    'top',
  );
  writeFileSync(join(active.path, 'd/mine'), 'changed');
  await active.commit();
  return {
    twice: await list('base', 'one', 'between', 'one'),
    apart: await list('base', 'one', 'between', 'two'),
    alone: await list('one', 'one'),
    single: await list('two'),
    names: readdirSync(snapshots.folder({ id: 'top' }), { recursive: true }),
  };
}

/** A chain as long as `length`, each layer adding a file and removing the one before. */
export async function longChain(root: string, length: number) {
  await using snapshots = openSnapshotter({ root: join(root, 'snapshots'), kind: 'overlay' });
  const chain = [];
  for (let index = 0; index < length; index++) {
    const layer = { id: `${'0'.repeat(60)}${index}` };
    await snapshots.unpack(
      layer,
      smallTar([
        { path: `file-${index}`, type: 'file' },
        { path: `.wh.file-${index - 1}`, type: 'file', size: 0 },
        { path: `keep-${index}`, type: 'file' },
      ]),
    );
    chain.push(layer);
  }
  const start = performance.now();
  const active = await snapshots.prepare(chain, 'top');
  const prepared = performance.now() - start;
  rmSync(join(active.path, 'keep-0'));
  const top = await active.commit();
  await using view = await snapshots.view([...chain, top]);
  return {
    names: readdirSync(view.path).length,
    last: existsSync(join(view.path, `file-${length - 1}`)),
    first: existsSync(join(view.path, 'keep-0')),
    prepared,
  };
}

/** Layers whose archives do not name the folders that their files lie in. */
export async function impliedFolders(root: string, kind: Kind) {
  await using snapshots = openSnapshotter({ root: join(root, 'snapshots'), kind });
  const layers: Record<string, Members> = {
    base: [
      { path: './', type: 'directory', mode: 0o711, mtime: 3 },
      { path: 'tmp', type: 'directory', mode: 0o1777, mtime: 5 },
      { path: 'var/lib', type: 'directory', mode: 0o700, uid: 9, mtime: 6 },
      { path: 'gone', type: 'directory', mode: 0o700 },
    ],
    files: [
      { path: 'tmp/a', type: 'file' },
      { path: 'var/lib/b', type: 'file' },
      { path: '.wh.gone', type: 'file', size: 0 },
    ],
    back: [{ path: 'gone/c', type: 'file' }],
    own: [{ path: 'tmp', type: 'directory', mode: 0o755, mtime: 8 }],
  };
  for (const [id, members] of Object.entries(layers)) await snapshots.unpack({ id }, smallTar(members));
  const list = async (...ids: string[]) => {
    await using view = await snapshots.view(chainOf(ids));
    return [rootLine(view.path), ...listTree(view.path).filter((line) => line.includes(' / ') || line.endsWith(' /'))];
  };
  const active = await snapshots.prepare(chainOf(['base', 'files']), 'step');
  writeFileSync(join(active.path, 'tmp/new'), '');
  await active.commit();
  return {
    merged: await list('base', 'files', 'back'),
    overridden: await list('base', 'files', 'own'),
    step: listTree(snapshots.folder({ id: 'step' })).filter((line) => line.startsWith('tmp ')),
  };
}

function chainOf(ids: readonly string[]) {
  return ids.map((id) => ({ id }));
}

function rootLine(path: string): string {
  return (
    listTree(join(path, '..'))
      .find((line) => line.startsWith(`${path.split('/').at(-1)} `))
      ?.replace(/^\S+/, '.') ?? ''
  );
}

/** Unpacks a layer slowly, so that another process can do the same or this one be killed. */
export async function slowUnpack(root: string, options: { pause: number; stop?: number; rest?: number }) {
  const snapshots = openSnapshotter({ root: join(root, 'snapshots') });
  async function* slowly() {
    let count = 0;
    for await (const chunk of smallTar(
      Array.from({ length: 40 }, (_, index) => ({ path: `f${index}`, type: 'file' as const, size: 100_000 })),
    )) {
      yield chunk;
      const stopped = ++count === options.stop;
      if (stopped) writeFileSync(join(root, 'half-way'), '');
      await sleep(stopped ? options.rest : options.pause);
    }
  }
  const digest = await snapshots.unpack({ id: 'slow' }, slowly());
  const count = readdirSync(snapshots.folder({ id: 'slow' })).length;
  await snapshots[Symbol.asyncDispose]();
  return { digest, count };
}

/** Waits in a prepared snapshot, to be killed there. */
export async function waitInSnapshot(root: string) {
  const snapshots = openSnapshotter({ root: join(root, 'snapshots') });
  await snapshots.unpack({ id: 'base' }, smallTar(BASE));
  await snapshots.unpack({ id: 'base2' }, smallTar(BASE));
  const active = await snapshots.prepare([{ id: 'base' }, { id: 'base2' }], 'never');
  writeFileSync(join(active.path, 'a'), 'x');
  writeFileSync(join(root, 'half-way'), '');
  await sleep(60_000);
}

/** What a new process finds: leftovers, layers; and whether it can work. */
export async function look(root: string) {
  const store = join(root, 'snapshots');
  const locks = () => readdirSync(join(store, '.work')).filter((name) => name.endsWith('.lock')).length;
  const before = locks();
  const snapshots: OpenSnapshotter = openSnapshotter({ root: store });
  await snapshots.unpack({ id: 'after' }, smallTar(BASE));
  await snapshots[Symbol.asyncDispose]();
  return {
    before,
    left: readdirSync(join(store, '.work')).length,
    layers: readdirSync(store).filter((name) => !name.startsWith('.')),
  };
}

/** Unpacks more than a small disk can hold. */
export async function fullDisk(root: string) {
  mount(root, { source: 'tmpfs', type: 'tmpfs', data: 'size=1m' });
  await using snapshots = openSnapshotter({ root: join(root, 'snapshots') });
  const free = statfsSync(root).bfree;
  const code = await codeOf(
    snapshots.unpack(
      { id: 'big' },
      smallTar([
        { path: 'a', type: 'file', size: 500_000 },
        { path: 'b', type: 'file', size: 900_000 },
      ]),
    ),
  );
  return {
    code,
    has: snapshots.has({ id: 'big' }),
    lost: free - statfsSync(root).bfree,
    small: await snapshots.unpack({ id: 'small' }, smallTar(BASE)),
  };
}

/** Asks for the same layer several times at once, and again when it is there. */
export async function unpackTogether(root: string) {
  await using snapshots = openSnapshotter({ root: join(root, 'snapshots') });
  const layer = { id: 'same' };
  const digests = await Promise.all([1, 2, 3].map(() => snapshots.unpack(layer, smallTar(BASE))));
  digests.push(await snapshots.unpack(layer, smallTar(BASE)));
  const again = await snapshots.prepare([], 'same');
  writeFileSync(join(again.path, 'other'), '');
  const kept = await again.commit();
  const wrong = { id: 'wrong', diffId: `sha256:${'0'.repeat(64)}` } as const;
  const mismatch = await codeOf(snapshots.unpack(wrong, smallTar(BASE)));
  const aborted = new AbortController();
  const [first, second] = [
    codeOf(snapshots.unpack({ id: 'turn' }, abortingTar(aborted), { signal: aborted.signal })),
    snapshots.unpack({ id: 'turn' }, smallTar(BASE)),
  ];
  await snapshots.remove(['same', 'never-there']);
  return {
    digests: new Set(digests).size,
    kept: kept.diffId === digests[0],
    has: snapshots.has(layer),
    mismatch,
    wrong: snapshots.has(wrong),
    turns: [await first, (await second) === digests[0]],
  };
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : String(error);
  }
}

async function* abortingTar(abort: AbortController): AsyncGenerator<Buffer> {
  yield* smallTar([{ path: 'a', type: 'file', size: 2_000_000 }]);
  abort.abort(new Error('enough'));
  yield Buffer.alloc(512);
}

/** Exports a merged tree to a folder that has things already, and as a tar. */
export async function exports(root: string, kind: Kind) {
  await using snapshots = openSnapshotter({ root: join(root, 'snapshots'), kind });
  await snapshots.unpack({ id: 'base' }, smallTar(BASE));
  await snapshots.unpack(
    { id: 'top' },
    smallTar([
      { path: '.wh.z', type: 'file', size: 0 },
      { path: 'w', type: 'file', mode: 0o755, mtime: 1_000_000 },
    ]),
  );
  await using view = await snapshots.view([{ id: 'base' }, { id: 'top' }]);
  const out = join(root, 'out');
  mkdirSync(join(out, 'e'), { recursive: true });
  writeFileSync(join(root, 'outside'), 'untouched');
  symlinkSync(join(root, 'outside'), join(out, 'a'));
  symlinkSync(root, join(out, 'd'));
  writeFileSync(join(out, 'm'), 'a file in a folder’s place');
  // As an output is written: beside, and then moved in; `e` is another file system, where moving is copying.
  mount(join(out, 'e'), { source: 'other', type: 'tmpfs' });
  writeFileSync(join(out, 'e/kept'), '');
  await exportDirectory(view.path, join(out, '.part'), { clampMtime: 500 });
  await exportDirectory(join(out, '.part'), out, { move: true });
  return {
    outside: readFileSync(join(root, 'outside'), 'utf8'),
    out: listTree(out).filter((line) => /^(?:a|d|d\/y|e|e\/kept|e\/sub\/deep|h2|m|m\/in|w|z) /.test(line)),
    tar: await names(tarOfTree(view.path, { prefix: 'linux_amd64/' })),
  };
}

export async function withoutOverlay(root: string) {
  // A filesystem that overlayfs cannot write to.
  mount(root, { source: 'proc', type: 'ramfs' });
  await using snapshots = openSnapshotter({ root: join(root, 'snapshots') });
  return snapshots.kind();
}
