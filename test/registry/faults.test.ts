import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { descriptorOf, type Descriptor } from '../../src/oci/descriptor.ts';
import { RegistryClient, type RegistrySettings } from '../../src/registry/client.ts';
import type { Repository } from '../../src/registry/repository.ts';
import type { RetryNotice } from '../../src/registry/retry.ts';
import { memoryUploadSessions } from '../../src/registry/upload-sessions.ts';
import { startFaultProxy, type Fault, type FaultProxy } from '../support/fault-proxy.ts';
import { registryMissing, startRegistry, type TestRegistry } from '../support/registry.ts';

const missing = registryMissing();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const OCTETS = 'application/octet-stream';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const MEGABYTE = 1024 * 1024;

const blob = (size: number): { content: Buffer; descriptor: Descriptor } => {
  const content = randomBytes(size);
  return { content, descriptor: descriptorOf(content, { mediaType: OCTETS }) };
};

const inPieces = (content: Buffer): Readable => {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += 100_000) pieces.push(content.subarray(at, at + 100_000));
  return Readable.from(pieces, { objectMode: false });
};

const same = (a: Buffer, b: Buffer): boolean => a.equals(b);

describe.skipIf(missing !== undefined)('a registry that fails', () => {
  let registry: TestRegistry;
  let proxy: FaultProxy;
  const clients: RegistryClient[] = [];

  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await startFaultProxy(registry.host);
  });
  afterEach(() => {
    proxy.clear();
    proxy.requests.length = 0;
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await proxy.close();
    await registry.close();
  });

  const open = (settings: RegistrySettings = {}): { repository: Repository; notices: RetryNotice[] } => {
    const notices: RetryNotice[] = [];
    const client = new RegistryClient({
      retry: { delay: 5, attempts: 4 },
      onRetry: (notice) => notices.push(notice),
      monolithicBytes: 64 * 1024,
      chunkSize: MEGABYTE,
      ...settings,
    });
    clients.push(client);
    return { repository: client.repository(`${proxy.host}/test/repo`, { actions: ['pull', 'push'] }), notices };
  };

  const pushed = async (size: number): Promise<{ content: Buffer; descriptor: Descriptor; repository: Repository }> => {
    const made = blob(size);
    const { repository } = open();
    await repository.push(made.descriptor, made.content);
    return { ...made, repository };
  };

  test.each<[string, Fault, number]>([
    ['a reset connection', { kind: 'reset' }, 3],
    ['a burst of 500', { kind: 'answer', status: 500 }, 3],
    ['503 with Retry-After', { kind: 'answer', status: 503, headers: { 'retry-after': '0' } }, 2],
    ['408', { kind: 'answer', status: 408 }, 1],
    ['429', { kind: 'answer', status: 429 }, 2],
  ])('%s is tried again, and the person told', async (_name, fault, times) => {
    const { content, descriptor } = await pushed(1000);
    const { repository, notices } = open();
    proxy.inject(/^GET .*blobs/, fault, times);
    expect(same(await buffer(await repository.fetch(descriptor)), content)).toBe(true);
    expect(notices).toHaveLength(times);
    expect(notices[0]).toMatchObject({ attempt: 2, message: expect.stringContaining(descriptor.digest) });
  });

  test('a Retry-After in seconds is kept to', async () => {
    const { descriptor } = await pushed(1000);
    const { repository, notices } = open();
    proxy.inject(/^GET .*blobs/, { kind: 'answer', status: 429, headers: { 'retry-after': '1' } });
    const started = performance.now();
    await buffer(await repository.fetch(descriptor));
    expect(performance.now() - started).toBeGreaterThan(950);
    expect(notices[0]).toMatchObject({ code: 'TOO_MANY_REQUESTS', delay: 1000 });
  });

  test('a Retry-After that is too long ends the tries at once and is told', async () => {
    const { descriptor } = await pushed(1000);
    const { repository } = open();
    proxy.inject(/^GET .*blobs/, {
      kind: 'answer',
      status: 429,
      headers: { 'retry-after': new Date(Date.now() + 3600_000).toUTCString() },
    });
    await expect(repository.fetch(descriptor)).rejects.toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      hint: expect.stringMatching(/3\d\d\d s/),
    });
    expect(proxy.count(/^GET .*blobs/)).toBe(1);
  });

  test.each([
    [400, 'REGISTRY_ERROR'],
    [403, 'DENIED'],
    [404, 'NOT_FOUND'],
    [401, 'UNAUTHORIZED'],
  ])('%i is not tried again', async (status, code) => {
    const { repository } = open();
    const body = '{"errors":[{"code":"SOME_CODE","message":"said by the registry"}]}';
    proxy.inject(/^GET .*blobs/, { kind: 'answer', status, headers: { 'content-type': 'application/json' }, body });
    await expect(repository.fetch(blob(1).descriptor)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/said by the registry \(SOME_CODE\)/),
    });
    expect(proxy.count(/^GET .*blobs/)).toBe(1);
  });

  test('tries are bounded, and the last failure names host and object', async () => {
    const { repository } = open();
    proxy.inject(/./, { kind: 'answer', status: 502 }, 100);
    await expect(repository.resolve('latest')).rejects.toMatchObject({
      code: 'REGISTRY_ERROR',
      message: expect.stringContaining(`manifest ${proxy.host}/test/repo:latest: ${proxy.host} answers 502`),
    });
    expect(proxy.requests).toHaveLength(4);
  });

  test('a broken download goes on where it stopped', async () => {
    const { content, descriptor } = await pushed(3 * MEGABYTE);
    const { repository, notices } = open();
    proxy.inject(/^GET .*blobs/, { kind: 'truncate', bytes: MEGABYTE }, 2);
    expect(same(await buffer(await repository.fetch(descriptor)), content)).toBe(true);
    expect(notices).toHaveLength(2);
    const ranges = proxy.requests.filter(({ method }) => method === 'GET').map(({ headers }) => headers.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges[1]).toMatch(/^bytes=\d{6,}-$/);
  });

  test('a broken download goes on with a server that ignores Range', async () => {
    const { content, descriptor } = await pushed(MEGABYTE);
    const { repository } = open();
    proxy.inject(/^GET .*blobs/, { kind: 'truncate', bytes: 500_000 });
    const stream = await repository.fetch(descriptor);
    proxy.inject(/^GET .*blobs/, { kind: 'ignore-header', name: 'range' });
    expect(same(await buffer(stream), content)).toBe(true);
  });

  test('a changed byte is found out and not tried again', async () => {
    const { descriptor } = await pushed(200_000);
    const { repository } = open();
    proxy.inject(/^GET .*blobs/, { kind: 'corrupt' });
    await expect(buffer(await repository.fetch(descriptor))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(proxy.host),
    });
  });

  test('a wrong length is found out before a byte is handed on', async () => {
    const { descriptor } = await pushed(1000);
    const { repository } = open();
    await expect(repository.fetch({ ...descriptor, size: 999 })).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  test('a manifest whose Docker-Content-Digest lies is refused, reading and writing', async () => {
    const { descriptor: config, repository } = await pushed(10);
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [] }));
    const manifest = descriptorOf(content, { mediaType: MANIFEST });
    const lie: Fault = { kind: 'headers', headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } };
    proxy.inject(/^PUT .*manifests/, lie);
    await expect(repository.push(manifest, content)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await repository.push(manifest, content);
    await repository.tag(manifest, 'lie');
    proxy.inject(/^GET .*manifests/, lie);
    await expect(open().repository.fetchManifest('lie')).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('a manifest body that breaks is asked for again', async () => {
    const { descriptor: config, repository } = await pushed(10);
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [] }));
    const manifest = descriptorOf(content, { mediaType: MANIFEST });
    await repository.push(manifest, content);
    const reader = open();
    proxy.inject(/^GET .*manifests/, { kind: 'truncate', bytes: 20 });
    expect(await buffer(await reader.repository.fetch(manifest))).toEqual(content);
    expect(reader.notices).toHaveLength(1);
  });

  test('HEAD that is not served falls back to GET', async () => {
    const { descriptor: config, repository } = await pushed(10);
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [] }));
    const manifest = descriptorOf(content, { mediaType: MANIFEST });
    await repository.push(manifest, content);
    await repository.tag(manifest, 'head');
    for (const fault of [
      { kind: 'answer', status: 405 },
      { kind: 'headers', headers: { 'docker-content-digest': '' } },
    ] as const) {
      proxy.inject(/^HEAD .*manifests/, fault);
      expect(await open().repository.resolve('head')).toEqual(manifest);
    }
  });

  test.each<[string, RegExp, Fault]>([
    ['the POST is reset', /^POST/, { kind: 'reset' }],
    ['the PUT is reset', /^PUT/, { kind: 'reset' }],
    ['half of the PUT arrives', /^PUT/, { kind: 'cut-upload', bytes: 1000 }],
    ['the answer to the PUT is lost', /^PUT/, { kind: 'lose-answer' }],
    ['the PUT meets a 500', /^PUT/, { kind: 'answer', status: 500 }],
  ])('a small blob gets there when %s', async (_name, pattern, fault) => {
    const { content, descriptor } = blob(50_000);
    const { repository } = open();
    proxy.inject(pattern, fault);
    await repository.push(descriptor, inPieces(content));
    expect(same(await buffer(await open().repository.fetch(descriptor)), content)).toBe(true);
  });

  const uploadFaults: [string, RegExp, Fault, number][] = [
    ['nothing fails', /^NEVER/, { kind: 'reset' }, 1],
    ['a PATCH is reset', /^PATCH/, { kind: 'reset' }, 2],
    ['a part of a PATCH arrives', /^PATCH/, { kind: 'cut-upload', bytes: 300_000 }, 2],
    ['the answer to a PATCH is lost', /^PATCH/, { kind: 'lose-answer' }, 2],
    ['a PATCH meets a 503', /^PATCH/, { kind: 'answer', status: 503 }, 2],
    ['the answer to the final PUT is lost', /^PUT/, { kind: 'lose-answer' }, 1],
    ['the final PUT meets a 500', /^PUT/, { kind: 'answer', status: 500 }, 2],
  ];
  test.each(uploadFaults)('a large blob gets there in chunks when %s', async (_name, pattern, fault, times) => {
    const { content, descriptor } = blob(3 * MEGABYTE + 17);
    const { repository } = open();
    proxy.inject(pattern, fault, times);
    await repository.push(descriptor, inPieces(content));
    expect(same(await buffer(await open().repository.fetch(descriptor)), content)).toBe(true);
  });

  test.each([...uploadFaults, ['the upload is dropped', /^PATCH/, { kind: 'answer', status: 404 }, 1] as const])(
    'a large blob that can be reopened gets there in one piece when %s',
    async (_name, pattern, fault, times) => {
      const { content, descriptor } = blob(3 * MEGABYTE + 17);
      const { repository } = open();
      proxy.inject(pattern, fault, times);
      await repository.push(descriptor, inPieces(content), { reopen: () => Promise.resolve(inPieces(content)) });
      expect(same(await buffer(await open().repository.fetch(descriptor)), content)).toBe(true);
    },
  );

  test('an upload that the registry drops at its start is begun anew', async () => {
    const { content, descriptor } = blob(3 * MEGABYTE);
    const { repository } = open();
    proxy.inject(/^PATCH/, { kind: 'answer', status: 404 });
    await repository.push(descriptor, inPieces(content));
    expect(same(await buffer(await open().repository.fetch(descriptor)), content)).toBe(true);
  });

  test('an upload dropped later fails with what to do, when the content cannot be read again', async () => {
    const { content, descriptor } = blob(3 * MEGABYTE);
    const { repository } = open();
    proxy.inject(/^PATCH/, { kind: 'headers', headers: {} });
    proxy.inject(/^PATCH/, { kind: 'answer', status: 404 });
    await expect(repository.push(descriptor, inPieces(content))).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
    expect(await open().repository.exists(descriptor)).toBe(false);
  });

  test('an upload that was stopped is taken up by the next client', async () => {
    const { content, descriptor } = blob(5 * MEGABYTE);
    const uploads = memoryUploadSessions();
    const stop = new AbortController();
    const first = open({ uploads });
    let sent = 0;
    const slow = Readable.from(
      (async function* pieces() {
        for await (const piece of inPieces(content)) {
          sent += (piece as Buffer).length;
          if (sent > 3.5 * MEGABYTE) stop.abort(new Error('stopped'));
          yield piece;
        }
      })(),
      { objectMode: false },
    );
    await expect(first.repository.push(descriptor, slow, { signal: stop.signal })).rejects.toThrow('stopped');
    const patched = proxy.count(/^PATCH/);
    const second = open({ uploads });
    await second.repository.push(descriptor, inPieces(content));
    expect(same(await buffer(await open().repository.fetch(descriptor)), content)).toBe(true);
    expect(patched).toBeGreaterThanOrEqual(3);
    // The status was asked, and the three whole chunks were not sent again.
    expect(proxy.count(/^GET .*uploads/)).toBe(1);
    expect(proxy.count(/^PATCH/) - patched).toBeLessThanOrEqual(2);
    expect(proxy.count(/^POST/)).toBe(1);
  });

  test('a remembered upload that the registry forgot means a fresh one', async () => {
    const { content, descriptor } = blob(2 * MEGABYTE);
    const uploads = memoryUploadSessions();
    const { repository } = open({ uploads });
    await uploads.put(`${repository.name}@${descriptor.digest}`, {
      location: `http://${proxy.host}/v2/test/repo/blobs/uploads/00000000-0000-0000-0000-000000000000`,
      pid: process.pid,
    });
    await repository.push(descriptor, inPieces(content));
    expect(await open().repository.exists(descriptor)).toBe(true);
  });

  test('content that is not what its descriptor says is never visible', async () => {
    const { descriptor } = blob(2 * MEGABYTE);
    const other = blob(2 * MEGABYTE).content;
    const { repository } = open();
    await expect(repository.push(descriptor, inPieces(other))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await expect(repository.push(descriptor, inPieces(other.subarray(1)))).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
    await expect(repository.push(descriptor, inPieces(Buffer.concat([other, other])))).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
    expect(await open().repository.exists(descriptor)).toBe(false);
  });

  test('a content stream that fails ends the push with its own error', async () => {
    const { descriptor } = blob(2 * MEGABYTE);
    const { repository } = open();
    const failing = Readable.from(
      (async function* pieces() {
        yield Buffer.alloc(MEGABYTE + 5);
        throw new Error('the disk broke');
      })(),
      { objectMode: false },
    );
    await expect(repository.push(descriptor, failing)).rejects.toThrow('the disk broke');
  });

  test('an idle server is given up on', async () => {
    const { descriptor } = await pushed(1000);
    const { repository } = open({ idleTimeout: 100, answerTimeout: 200, retry: { attempts: 1 } });
    proxy.inject(/^GET/, { kind: 'delay', milliseconds: 5_000 });
    await expect(repository.fetch(descriptor)).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('timed out waiting'),
    });
  });

  test('a signal ends a request and a download at once', async () => {
    const { descriptor } = await pushed(3 * MEGABYTE);
    const { repository } = open();
    proxy.inject(/^GET/, { kind: 'delay', milliseconds: 60_000 });
    await expect(repository.fetch(descriptor, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    const stop = new AbortController();
    const stream = await repository.fetch(descriptor, { signal: stop.signal });
    stop.abort(new Error('stopped'));
    await expect(buffer(stream)).rejects.toThrow('stopped');
  });

  test('a registry that is not there is named', async () => {
    const gone = new RegistryClient({ retry: { delay: 1 } });
    clients.push(gone);
    await expect(gone.resolveImage('127.0.0.1:1/a/b:1')).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringMatching(/127\.0\.0\.1:1\/a\/b:1.*ECONNREFUSED/),
    });
  });
});
