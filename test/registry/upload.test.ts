import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { descriptorOf } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { RegistryClient, type RegistrySettings } from '../../src/registry/client.ts';
import type { Repository } from '../../src/registry/repository.ts';
import { registryMissing, startRegistry } from '../support/registry.ts';
import { startUploadServer } from '../support/upload-server.ts';

const MEGABYTE = 1024 * 1024;
const content = randomBytes(5 * MEGABYTE + 123);
const blob = descriptorOf(content, { mediaType: 'application/octet-stream' });

function open(): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += 100_000) pieces.push(content.subarray(at, at + 100_000));
  return Readable.from(pieces, { objectMode: false });
}

const reopen = { reopen: () => Promise.resolve(open()) };

describe('uploads to a registry by the letter of the spec', () => {
  const clients: RegistryClient[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  const at = (host: string, settings: RegistrySettings = {}): Repository => {
    const client = new RegistryClient({ retry: { delay: 1 }, chunkSize: MEGABYTE, ...settings });
    clients.push(client);
    return client.repository(`${host}/test/repo`, { actions: ['pull', 'push'] });
  };

  test('relative Locations are followed, their own parameters kept as they are', async () => {
    await using server = await startUploadServer();
    await at(server.host).push(blob, open(), reopen);
    expect(server.blobs.get(blob.digest)?.equals(content)).toBe(true);
    expect(server.requests).toEqual(['HEAD', 'POST', `PATCH 0-${blob.size - 1}`, 'PUT']);
  });

  test('chunks are as large as the registry asks for', async () => {
    await using server = await startUploadServer({ minChunk: 2 * MEGABYTE });
    await at(server.host).push(blob, open());
    expect(server.blobs.has(blob.digest)).toBe(true);
    expect(server.requests.filter((request) => request.startsWith('PATCH'))).toEqual([
      `PATCH 0-${2 * MEGABYTE - 1}`,
      `PATCH ${2 * MEGABYTE}-${4 * MEGABYTE - 1}`,
      `PATCH ${4 * MEGABYTE}-${blob.size - 1}`,
    ]);
  });

  test.each([
    ['in chunks', {}],
    ['in one piece', reopen],
  ])('a broken upload %s goes on at the byte where it stopped', async (_name, options) => {
    await using server = await startUploadServer();
    server.cutAfter(3.5 * MEGABYTE);
    await at(server.host).push(blob, open(), options);
    expect(server.blobs.get(blob.digest)?.equals(content)).toBe(true);
    expect(server.requests.filter((request) => request === 'POST')).toHaveLength(1);
    const after = server.requests.slice(server.requests.indexOf('GET') + 1);
    expect(Number(/PATCH (\d+)/.exec(after[0] ?? '')?.[1])).toBeGreaterThan(3 * MEGABYTE);
  });

  test('a registry that takes less than was sent gets the rest again', async () => {
    await using server = await startUploadServer();
    server.takeOnly(700_000);
    await at(server.host).push(blob, open());
    expect(server.requests).toContain(`PATCH 700000-${700_000 + MEGABYTE - 1}`);
    expect(server.blobs.get(blob.digest)?.equals(content)).toBe(true);
  });

  test('a registry that takes nothing is not asked for ever', async () => {
    await using server = await startUploadServer();
    server.takeOnly(0);
    await expect(at(server.host).push(blob, open())).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
  });
});

const here = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

/** Pushes a file; tells how much it has read, at most 1 MiB each 20 ms. */
const PROGRAM = `
import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { RegistryClient } from ${here('../../src/registry/client.ts')};
import { folderUploadSessions } from ${here('../../src/registry/upload-sessions.ts')};
const [file, name, digest, uploads, reopen] = process.argv.slice(1);
const client = new RegistryClient({ uploads: folderUploadSessions(uploads), chunkSize: 2 * 1024 * 1024 });
const open = () => Readable.from((async function* () {
  let read = 0;
  for await (const part of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    yield part;
    console.log(read += part.length);
    await setTimeout(20);
  }
})(), { objectMode: false });
const descriptor = { mediaType: 'application/octet-stream', digest, size: statSync(file).size };
const repository = client.repository(name, { actions: ['pull', 'push'] });
await repository.push(descriptor, open(), reopen === 'yes' ? { reopen: async () => open() } : {});
client.close();
`;

describe('an upload whose process is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'polyarch-upload-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const killed = async (host: string, { name, reopens }: { name: string; reopens: string }): Promise<string> => {
    const file = join(folder, name);
    const bytes = Buffer.alloc(24 * MEGABYTE, name);
    const digest = digestOf(bytes);
    writeFileSync(file, bytes);
    const program = ['--input-type=module', '--eval', PROGRAM, file, `${host}/killed/${name}`, digest];
    const args = [...program, join(folder, `${name}-uploads`), reopens];
    const first = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(first, 'exit');
    for await (const text of first.stdout) {
      if (
        String(text)
          .split('\n')
          .some((line) => Number(line) > 12 * MEGABYTE)
      )
        break;
    }
    first.kill('SIGKILL');
    await exit;
    const second = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = await once(second, 'exit');
    expect(code).toBe(0);
    return digest;
  };

  test.each(['yes', 'no'])('is gone on with by the next one (content can be reopened: %s)', async (reopens) => {
    await using server = await startUploadServer();
    const digest = await killed(server.host, { name: `spec-${reopens}`, reopens });
    expect(server.blobs.has(digest)).toBe(true);
    expect(server.requests.filter((request) => request === 'POST')).toHaveLength(1);
    const after = server.requests.slice(server.requests.indexOf('GET') + 1);
    expect(Number(/PATCH (\d+)/.exec(after[0] ?? '')?.[1])).toBeGreaterThan(8 * MEGABYTE);
  });

  const missing = registryMissing();
  if (missing !== undefined) console.warn(`skipped: ${missing}`);
  test.skipIf(missing !== undefined).each(['yes', 'no'])(
    'is completed by the next one at docker-registry, which may have dropped it (reopened: %s)',
    async (reopens) => {
      await using registry = await startRegistry();
      const digest = await killed(registry.host, { name: `docker-${reopens}`, reopens });
      const answer = await fetch(`http://${registry.host}/v2/killed/docker-${reopens}/blobs/${digest}`);
      expect(digestOf(new Uint8Array(await answer.arrayBuffer()))).toBe(digest);
    },
  );
});
