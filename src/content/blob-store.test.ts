import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { descriptorOf } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import { DiskStore } from './blob-store.ts';
import { readAll } from './fetch-bytes.ts';

let folder: string;
let store: DiskStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'polyarch-blobs-'));
  store = new DiskStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const big = Buffer.alloc(3_000_000, 'abc');
const descriptor = descriptorOf(big, { mediaType: 'x/y' });
const push = () => store.push(descriptor, Readable.from([big.subarray(0, 1_000_000), big.subarray(1_000_000)]));

describe('DiskStore', () => {
  it('lays blobs out as an OCI layout, and leaves no file behind in ingest/', async () => {
    await push();
    await expect(
      store.push(descriptorOf(Buffer.from('a'), { mediaType: 'x' }), Readable.from(['b'])),
    ).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(existsSync(join(folder, 'blobs/sha256', descriptor.digest.slice(7)))).toBe(true);
    expect(readdirSync(join(folder, 'ingest'))).toEqual([]);
  });

  it('reads and writes small blobs at once', () => {
    const digest = store.writeSync('hello');
    expect(digest).toBe(digestOf('hello'));
    expect(store.hasSync(digest)).toBe(true);
    expect(store.hasSync({ digest, size: 4 })).toBe(false);
    expect(Buffer.from(store.readSync(digest)).toString()).toBe('hello');
    expect(store.info(digest)).toMatchObject({ digest, size: 5 });
    expect([...store.list()].map((blob) => blob.digest)).toEqual([digest]);
    expect(store.delete(digest)).toBe(true);
    expect(store.delete(digest)).toBe(false);
    expect(() => store.readSync(digest)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('takes a short blob, as a power cut leaves it, as missing, and mends it by the next push', async () => {
    await push();
    truncateSync(store.path(descriptor.digest), 0);
    expect(await store.exists(descriptor)).toBe(false);
    await push();
    expect(big.equals(await readAll(await store.fetch(descriptor)))).toBe(true);
  });

  it('removes a damaged blob when it is read', async () => {
    await push();
    writeFileSync(store.path(descriptor.digest), Buffer.alloc(big.length));
    await expect(store.fetch(descriptor).then((stream) => readAll(stream))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    await expect.poll(() => store.hasSync(descriptor.digest)).toBe(false);

    const small = store.writeSync('hello');
    writeFileSync(store.path(small), 'hellO');
    expect(() => store.readSync(small)).toThrow(expect.objectContaining({ code: 'DIGEST_MISMATCH' }));
    expect(store.hasSync(small)).toBe(false);
  });

  it('keeps a good blob when only the descriptor is wrong', async () => {
    await push();
    const wrong = { ...descriptor, size: descriptor.size - 1 };
    await expect(store.fetch(wrong).then((stream) => readAll(stream))).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    await sleep(100);
    expect(await store.exists(descriptor)).toBe(true);
  });

  it('takes a file that someone else wrote, if it is whole', () => {
    const ingest = store.createIngest();
    writeFileSync(ingest.path, big);
    expect(() => ingest.commit(descriptor.digest, big.length + 1)).toThrow(
      expect.objectContaining({ code: 'SIZE_MISMATCH' }),
    );
    expect(store.hasSync(descriptor)).toBe(false);
    ingest.commit(descriptor.digest, big.length);
    ingest[Symbol.dispose]();
    expect(store.hasSync(descriptor)).toBe(true);

    const abandoned = store.createIngest();
    writeFileSync(abandoned.path, 'x');
    abandoned[Symbol.dispose]();
    expect(readdirSync(join(folder, 'ingest'))).toEqual([]);
  });

  it('does not read what it need not', async () => {
    await push();
    const unread = new Readable({ read: () => expect.unreachable() });
    await store.push(descriptor, unread);
    expect(unread.destroyed).toBe(true);
  });

  it('stops waiting for another push of the same blob when it is aborted', async () => {
    const stalled = new Readable({ read: () => {} });
    const first = store.push(descriptor, stalled);
    const abort = new AbortController();
    const second = store.push(descriptor, Readable.from([big]), { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    stalled.destroy(new Error('cut'));
    await expect(first).rejects.toThrow('cut');
  });

  it('tells a failure of the stream from one of the disk', async () => {
    const unreadable = new Readable({
      read() {
        this.destroy(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }));
      },
    });
    await expect(store.push(descriptor, unreadable)).rejects.toMatchObject({ code: 'EACCES' });
    writeFileSync(join(folder, 'file'), '');
    await expect(new DiskStore(join(folder, 'file')).push(descriptor, big)).rejects.toMatchObject({
      code: 'STORE_UNUSABLE',
    });
  });

  it('deletes as unused only what nobody asked for since', async () => {
    await push();
    const old = (Date.now() - 100_000) / 1000;
    const deadline = Date.now() - 50_000;
    utimesSync(store.path(descriptor.digest), old, old);
    await store.exists(descriptor);
    expect(store.deleteUnused(descriptor.digest, deadline)).toBe(false);
    utimesSync(store.path(descriptor.digest), old, old);
    expect(store.deleteUnused(descriptor.digest, deadline)).toBe(true);
    expect(store.hasSync(descriptor)).toBe(false);
    expect(readdirSync(join(folder, 'ingest'))).toEqual([]);
  });

  it('removes what dead writers left, and counts it', () => {
    const ingest = join(folder, 'ingest');
    mkdirSync(ingest, { recursive: true });
    for (const name of ['dead', 'alive']) writeFileSync(join(ingest, name), 'half a blob');
    utimesSync(join(ingest, 'dead'), 0, 0);
    expect(store.removeStaleIngests({ olderThanMs: 1000 })).toBe('half a blob'.length);
    expect(readdirSync(ingest)).toEqual(['alive']);
  });
});
