import { describe, expect, test } from 'vitest';
import { type Digest, digestOf } from '../oci/digest.ts';
import { type PrunePolicy, planPrune, totalBytes } from './prune-plan.ts';
import type { CachedResult, StoreUsage } from './store-usage.ts';

const blob = (name: string) => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: digestOf(name),
  size: 10,
});
const base = { id: 'base', blob: blob('base') };
const result = (id: string, used: number, ...steps: string[]): CachedResult => ({
  id: digestOf(id),
  used,
  layers: [base, ...steps.map((step) => ({ id: step }))],
});

const HOUR = 3_600_000;
const NOW = 1000 * HOUR;
/** Two chains on one base; the newest layer of the first is in an image, packed. */
const store: StoreUsage = {
  images: [],
  results: [
    result('old', NOW - 30 * HOUR, 'a', 'b'),
    result('image', NOW - 20 * HOUR, 'a', 'c'),
    result('new', NOW - HOUR, 'd'),
  ],
  layers: new Map([
    ['base', 1000],
    ['a', 100],
    ['b', 200],
    ['c', 300],
    ['d', 400],
    ['stray', 50],
  ]),
  imageLayers: new Set(),
  packed: new Map([['c', [{ descriptor: blob('c'), diffId: digestOf('c diff') }]]]),
  blobs: new Map<Digest, number>([
    [digestOf('base'), 70],
    [digestOf('c'), 30],
    [digestOf('index'), 5],
    [digestOf('loose'), 7],
  ]),
  mounts: [{ name: 'mount', size: 60, used: NOW - 2 * HOUR }],
  files: [
    { kind: 'context', path: '/s/x.stat', size: 1, used: NOW - HOUR },
    { kind: 'http', path: '/s/http/y', size: 2, used: NOW - 200 * HOUR },
    { kind: 'pack', path: '/s/pack', size: 16, used: NOW - 30 * HOUR },
    { kind: 'temporary', path: '/tmp/z', size: 4, used: NOW - 2 * HOUR },
    { kind: 'temporary', path: '/tmp/young', size: 8, used: NOW },
  ],
};
const needed = new Set([digestOf('index'), digestOf('c')]);

function plan(policy: Partial<PrunePolicy> = {}, usage: StoreUsage = store) {
  const made = planPrune(usage, needed, { policy: { all: false, ...policy }, now: NOW });
  return {
    results: made.results.map(({ id }) => ['old', 'image', 'new'].find((name) => digestOf(name) === id)),
    layers: made.layers.map(({ id }) => id),
    blobs: made.blobs.map(({ digest }) => ['base', 'c', 'index', 'loose'].find((name) => digestOf(name) === digest)),
    mounts: made.mounts.map(({ name }) => name),
    files: made.files.map(({ path }) => path),
    bytes: made.bytes,
  };
}

describe('planPrune', () => {
  test('what no image is made of, with the layers that nothing else needs; leftovers and old copies', () => {
    expect(plan()).toEqual({
      results: ['old', 'new'],
      layers: ['stray', 'b', 'd'],
      blobs: ['loose'],
      mounts: [],
      files: ['/tmp/z', '/s/http/y'],
      bytes: 50 + 200 + 400 + 7 + 4 + 2,
    });
  });

  test('all: everything that no image needs', () => {
    expect(plan({ all: true })).toMatchObject({
      results: ['old', 'image', 'new'],
      layers: ['stray', 'b', 'a', 'c', 'base', 'd'],
      blobs: ['loose', 'base'],
      mounts: ['mount'],
      files: ['/tmp/z', '/s/http/y', '/s/pack', '/s/x.stat'],
    });
  });

  test('only what was not used since then', () => {
    expect(plan({ all: true, unusedSince: NOW - 24 * HOUR })).toMatchObject({
      results: ['old'],
      layers: ['stray', 'b'],
      mounts: [],
      files: ['/tmp/z', '/s/http/y', '/s/pack'],
    });
    expect(plan({ unusedSince: NOW - 24 * HOUR }).files).toEqual(['/tmp/z', '/s/http/y', '/s/pack']);
    expect(plan({ unusedSince: NOW - 40 * HOUR }).files).toEqual(['/tmp/z', '/s/http/y']);
  });

  test('the longest unused first, until it fits', () => {
    const total = totalBytes(store);
    expect(plan({ maxBytes: total })).toMatchObject({ results: [], layers: ['stray'], files: ['/tmp/z'] });
    expect(plan({ maxBytes: total - 100 })).toMatchObject({ results: ['old'], layers: ['stray', 'b'] });
    expect(plan({ maxBytes: total - 400 })).toMatchObject({ results: ['old', 'image'], mounts: [] });
    expect(plan({ maxBytes: 0 })).toMatchObject({ mounts: ['mount'], bytes: total - 30 - 5 - 8 });
  });

  test('layers of images stay unpacked, unless all goes or the room is needed', () => {
    const usage = { ...store, results: [], imageLayers: new Set(['base']) };
    expect(plan({}, usage).layers).not.toContain('base');
    expect(plan({ all: true }, usage).layers).toContain('base');
    expect(plan({ maxBytes: 100 }, usage).layers).toContain('base');
  });

  test('a result whose files are gone is no use to anyone', () => {
    const layers = new Map(store.layers);
    layers.delete('d');
    expect(plan({ unusedSince: 0 }, { ...store, layers }).results).toEqual(['new']);
  });
});
