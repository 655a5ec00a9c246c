import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { descriptorOf } from '../oci/descriptor.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { ImageStore } from './image-store.ts';

const image = (text: string) => descriptorOf(Buffer.from(text), { mediaType: MEDIA_TYPE.ociIndex });

describe('ImageStore', () => {
  let folder: string;
  let store: ImageStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'polyarch-images-'));
    store = new ImageStore(join(folder, 'state.db'));
  });
  afterEach(() => {
    store[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  it('lists by name, and gets by any spelling of it', () => {
    store.put('zoo', image('a'), { now: 1 });
    store.put('demo/app:1', image('b'), { now: 2 });
    expect(store.list().map(({ name }) => name)).toEqual(['docker.io/demo/app:1', 'docker.io/library/zoo:latest']);
    for (const name of ['zoo', 'zoo:latest', 'docker.io/library/zoo', 'library/zoo:latest']) {
      expect(store.get(name)?.descriptor).toEqual(image('a'));
    }
    expect(store.get('zoo:2')).toBeUndefined();
  });

  it('moves a name to another image, keeping when it was made', () => {
    store.put('zoo', image('a'), { now: 1 });
    expect(store.put('zoo', image('a'), { now: 2 })).toMatchObject({ createdAt: 1, updatedAt: 1 });
    expect(store.put('zoo', image('b'), { now: 3 })).toMatchObject({
      createdAt: 1,
      updatedAt: 3,
      descriptor: image('b'),
    });
  });

  it('keeps an unnamed image until it has a name', () => {
    const { name } = store.putUnnamed(image('a'));
    expect(name).toBe(image('a').digest);
    store.put('zoo', image('a'));
    expect(store.list().map((found) => found.name)).toEqual(['docker.io/library/zoo:latest']);
    expect(store.putUnnamed(image('a')).name).toBe('docker.io/library/zoo:latest');
  });

  it('removes a name', () => {
    store.put('zoo', image('a'));
    expect(store.remove('zoo:latest')).toBe(true);
    expect(store.remove('zoo')).toBe(false);
    expect(store.list()).toEqual([]);
  });

  it('shares its names with other connections', () => {
    const other = new ImageStore(join(folder, 'state.db'));
    store.put('zoo', image('a'));
    expect(other.get('zoo')?.descriptor).toEqual(image('a'));
    other.remove('zoo');
    expect(store.get('zoo')).toBeUndefined();
    other[Symbol.dispose]();
  });

  describe('resolve', () => {
    const { digest } = image('a');
    beforeEach(() => {
      store.put('zoo', image('a'));
      store.put('r.example:5000/demo/zoo:2', image('b'));
      store.putUnnamed(image('c'));
    });

    it.each([
      ['zoo', 'a'],
      ['zoo:latest', 'a'],
      ['r.example:5000/demo/zoo:2', 'b'],
      [digest, 'a'],
      [digest.slice(7), 'a'],
      [digest.slice(7, 19), 'a'],
      [digest.slice(0, 15), 'a'],
      [image('c').digest.slice(7, 13), 'c'],
      [`zoo@${digest}`, 'a'],
      [`zoo:latest@${digest}`, 'a'],
      [`r.example:5000/demo/zoo@${image('b').digest}`, 'b'],
    ])('finds %s', (text, expected) => {
      expect(store.resolve(text).descriptor).toEqual(image(expected));
    });

    it.each([
      ['zoo:3', 'did you mean zoo:latest or r.example:5000/demo/zoo:2?'],
      ['demo/zoo', 'did you mean'],
      ['elephant', 'polyarch images lists'],
      [`zoo@${image('b').digest}`, 'did you mean'],
      [`zoo:1@${digest}`, 'did you mean'],
      ['0000', 'polyarch images lists'],
      ['sha256:0000', 'polyarch images lists'],
    ])('does not find %s, and tells: %s', (text, hint) => {
      expect(() => store.resolve(text)).toThrow(
        expect.objectContaining({ code: 'IMAGE_NOT_FOUND', hint: expect.stringContaining(hint) }),
      );
    });

    it('refuses an id that several images begin with', () => {
      // Two of these begin with the same four hex characters, by the birthday bound.
      const byPrefix = new Map<string, number>();
      let prefix = '';
      for (let index = 0; prefix === ''; index += 1) {
        const found = image(`image ${index}`);
        const start = found.digest.slice(7, 11);
        const before = byPrefix.get(start);
        if (before !== undefined) {
          store.putUnnamed(image(`image ${before}`));
          store.putUnnamed(found);
          prefix = start;
        }
        byPrefix.set(start, index);
      }
      expect(() => store.resolve(prefix)).toThrow(expect.objectContaining({ code: 'AMBIGUOUS_IMAGE' }));
    });

    it('says what is wrong with what is no name', () => {
      expect(() => store.resolve('Zoo')).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }));
    });
  });
});
