import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeText, fsPath } from '../archive/text.ts';
import { copyAttributes, NodeCopier, setAttributes } from './copy-node.ts';
import type { SnapshotDriver } from './driver.ts';
import { readXattrs } from './image-xattrs.ts';
import { describeRoot } from './implied-folders.ts';
import type { DescribedLayer } from './implied-folders.ts';
import { isOpaque, isWhiteout, makeWhiteout, setOpaque } from './overlay-format.ts';
import { removeTree } from './remove-tree.ts';
import { walkTree } from './walk.ts';

/** Coarser than any filesystem's clock tick: changes made after it have another ctime. */
const TICK = 20;

/** Which file lay at a path (inode numbers are used again, so with its birth), and when it was last touched in any way. */
type Before = ReadonlyMap<string, Pick<BigIntStats, 'ino' | 'birthtimeNs' | 'ctimeNs'>>;

/** Merges by copying, where overlayfs cannot be mounted; what changed is told by inode and ctime. */
export const copyDriver: SnapshotDriver = {
  kind: 'copy',

  async view(layers, folder) {
    const path = join(folder, 'merged');
    await flatten(layers, path);
    return { path, release() {} };
  },

  async prepare(layers, folder) {
    const [path, fs] = [join(folder, 'merged'), join(folder, 'fs')];
    await flatten(layers, path);
    const before = remember(path);
    await sleep(TICK);
    return {
      path,
      release() {},
      async seal() {
        mkdirSync(fs);
        extract(path, fs, { before });
        rmSync(path, { recursive: true, force: true });
      },
    };
  },
};

async function flatten(layers: readonly DescribedLayer[], target: string): Promise<void> {
  mkdirSync(target);
  const folders = new Map<string, string>();
  for (const { fs, facts } of layers) {
    const implied = new Set(facts.implied);
    const copier = new NodeCopier();
    for (const item of walkTree(fs)) {
      const to = `${target}/${item.path}`;
      const there = lstatSync(fsPath(to), { throwIfNoEntry: false });
      const folder = item.stat.isDirectory();
      if (there !== undefined && !(folder && there.isDirectory())) removeTree(to, (path) => folders.delete(path));
      if (isWhiteout(item.full, item.stat)) continue;
      if (folder) {
        if (there?.isDirectory() !== true) await copier.copy(item, to);
        else if (isOpaque(item.full)) empty(to, (path) => folders.delete(path));
        if (!folders.has(to) || !implied.has(item.path)) folders.set(to, item.full);
      } else if (await copier.copy(item, to)) copyAttributes(item.full, to);
    }
  }
  for (const [to, source] of [...folders].toReversed()) copyAttributes(source, to);
  describeRoot(layers, target);
}

function empty(folder: string, onFolder: (path: string) => void): void {
  for (const name of readdirSync(fsPath(folder), { encoding: 'buffer' }))
    removeTree(`${folder}/${decodeText(name)}`, onFolder);
}

function remember(root: string): Before {
  const before = new Map<string, Pick<BigIntStats, 'ino' | 'birthtimeNs' | 'ctimeNs'>>();
  for (const { path, full } of walkTree(root)) {
    const { ino, birthtimeNs, ctimeNs } = lstatSync(fsPath(full), { bigint: true });
    before.set(path, { ino, birthtimeNs, ctimeNs });
  }
  return before;
}

/** Moves what changed since `before` out of `merged` into the layer folder `fs`, with whiteouts for what is gone. */
function extract(merged: string, fs: string, options: { before: Before }): void {
  const { before } = options;
  const seen = new Set<string>();
  const folders = new Map<string, { stat: BigIntStats; xattrs: ReadonlyMap<string, Buffer> }>();
  const made = new Set(['']);
  /** Folders that are not the ones of before: all in them is new. */
  const fresh = new Set<string>();
  const makeParents = (path: string) => {
    const parent = parentOf(path);
    if (made.has(parent)) return;
    makeParents(parent);
    mkdirSync(fsPath(`${fs}/${parent}`));
    made.add(parent);
  };
  folders.set('', { stat: lstatSync(fsPath(merged), { bigint: true }), xattrs: readXattrs(merged) });
  for (const item of walkTree(merged)) {
    const { path, full } = item;
    const stat = lstatSync(fsPath(full), { bigint: true });
    const was = before.get(path);
    const inFresh = fresh.has(parentOf(path));
    const same = was?.ino === stat.ino && was.birthtimeNs === stat.birthtimeNs;
    if (was !== undefined) seen.add(path);
    if (stat.isDirectory()) {
      folders.set(path, { stat, xattrs: readXattrs(full) });
      if (inFresh || !same) fresh.add(path);
    }
    if (!inFresh && same && was.ctimeNs === stat.ctimeNs) continue;
    makeParents(path);
    if (!stat.isDirectory()) {
      renameSync(fsPath(full), fsPath(`${fs}/${path}`));
      continue;
    }
    mkdirSync(fsPath(`${fs}/${path}`));
    made.add(path);
    if (fresh.has(path) && was !== undefined) setOpaque(`${fs}/${path}`);
  }
  for (const path of before.keys()) {
    const parent = parentOf(path);
    const kept = parent === '' || (folders.has(parent) && !fresh.has(parent));
    if (seen.has(path) || !kept) continue;
    makeParents(path);
    makeWhiteout(`${fs}/${path}`);
  }
  for (const path of [...made].toReversed()) {
    const attributes = folders.get(path);
    if (attributes !== undefined) setAttributes(path === '' ? fs : `${fs}/${path}`, attributes);
  }
}

function parentOf(path: string): string {
  const parent = dirname(path);
  return parent === '.' ? '' : parent;
}
