import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskStore } from '../../src/content/blob-store.ts';
import { fetchBytes } from '../../src/content/fetch-bytes.ts';
import { ImageStore } from '../../src/content/image-store.ts';
import { OciLayout } from '../../src/content/oci-layout.ts';
import { descriptorOf } from '../../src/oci/descriptor.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { skip } from '../support/environment.ts';

/** The same bytes as in writer.ts. */
const blob = (name: string, size: number): Buffer => Buffer.alloc(size, `${name} `);

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'polyarch-processes-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Starts writer.ts and waits until it has begun. */
async function start(...args: readonly string[]): Promise<{ child: ChildProcess; ended: Promise<number | null> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const ended = once(child, 'exit').then(([code]): number | null => (typeof code === 'number' ? code : null));
  await Promise.race([once(child.stdout, 'data'), ended]);
  return { child, ended };
}

const layer = (content: Buffer) => descriptorOf(content, { mediaType: MEDIA_TYPE.ociLayer });

describe('a store that several processes use', () => {
  it('takes the same blob from all of them', async () => {
    const content = blob('same', 2_000_000);
    const writers = await Promise.all(['a', 'b', 'c'].map(() => start('push', folder, 'same', '2000000')));
    expect(await Promise.all(writers.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    expect(content.equals(await fetchBytes(new DiskStore(folder), layer(content)))).toBe(true);
    expect(readdirSync(join(folder, 'ingest'))).toEqual([]);
  });

  it.each([0, 60, 150, 300])('never takes the blob of a writer that is killed after %i ms as whole', async (delay) => {
    const content = blob('killed', 3_000_000);
    const { child, ended } = await start('push', folder, 'killed', '3000000');
    await sleep(delay);
    child.kill('SIGKILL');
    await ended;
    const store = new DiskStore(folder);
    expect(await store.exists(layer(content))).toBe(false);
    await store.push(layer(content), Readable.from([content]));
    expect(content.equals(await fetchBytes(store, layer(content)))).toBe(true);

    const left = readdirSync(join(folder, 'ingest'));
    for (const name of left) utimesSync(join(folder, 'ingest', name), 0, 0);
    store.removeStaleIngests({ olderThanMs: 1000 });
    expect(readdirSync(join(folder, 'ingest'))).toEqual([]);
    expect(await store.exists(layer(content))).toBe(true);
  });

  it('loses no name, neither in a layout nor among the images', async () => {
    const writers = await Promise.all(['a', 'b', 'c'].map((name) => start('tag', folder, name, '15')));
    expect(await Promise.all(writers.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    const layout = OciLayout.open(join(folder, 'layout'));
    expect(layout.index().manifests.length).toBe(45);
    expect(readdirSync(layout.root).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout']);
    const images = new ImageStore(join(folder, 'state.db'));
    expect(images.list().length).toBe(45);
    images[Symbol.dispose]();
  });

  it('keeps a layout whole when its writers are killed, and lets the next one write', async () => {
    const whole: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const writers = await Promise.all(['a', 'b'].map((name) => start('tag', folder, `${name}${round}`, '1000')));
      await sleep(40 + 30 * round);
      for (const { child } of writers) child.kill('SIGKILL');
      await Promise.all(writers.map(({ ended }) => ended));
      const layout = OciLayout.open(join(folder, 'layout'));
      for (const entry of layout.index().manifests) expect(await layout.exists(entry)).toBe(true);
      whole.push(layout.index().manifests.length);
    }
    expect(whole.at(-1)).toBeGreaterThan(0);
    const { ended } = await start('tag', folder, 'last', '3');
    expect(await ended).toBe(0);
    expect(OciLayout.open(join(folder, 'layout')).index().manifests.length).toBe((whole.at(-1) ?? 0) + 3);
    expect(existsSync(join(folder, 'layout', '.index.lock'))).toBe(false);
  });

  it('is cleaned while others write, and loses nothing that they have just pushed', async () => {
    const store = new DiskStore(folder);
    for (let index = 0; index < 20; index += 1) {
      const digest = store.writeSync(blob(`x ${index}`, 2000));
      utimesSync(store.path(digest), 0, 0);
    }
    const collectors = await Promise.all([start('clean', folder, '', '1500'), start('clean', folder, '', '1500')]);
    const churners = await Promise.all([start('churn', folder, 'x', '1200'), start('churn', folder, 'x', '1200')]);
    const codes = await Promise.all([...collectors, ...churners].map(({ ended }) => ended));
    expect(codes).toEqual([0, 0, 0, 0]);
  });
});

describe('a full disk', () => {
  it('fails with NO_SPACE, keeps nothing half-written and goes on working', async (context) => {
    if (process.getuid?.() !== 0) skip(context, 'only root can mount a small tmpfs');
    const small = join(folder, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
    try {
      const store = new DiskStore(small);
      const content = blob('large', 4_000_000);
      await expect(store.push(layer(content), Readable.from([content]))).rejects.toMatchObject({
        code: 'NO_SPACE',
        message: expect.stringContaining(layer(content).digest),
        hint: expect.stringContaining('prune'),
      });
      expect(readdirSync(join(small, 'ingest'))).toEqual([]);
      expect(await store.exists(layer(content))).toBe(false);
      const fits = blob('fits', 1_000_000);
      await store.push(layer(fits), Readable.from([fits]));
      expect(await store.exists(layer(fits))).toBe(true);
    } finally {
      execFileSync('umount', [small]);
    }
  });
});
