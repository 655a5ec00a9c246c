import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { remoteTags } from '../build/image-reader.ts';
import { succeed } from '../build/project.ts';
import { testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { startUploadServer } from '../support/upload-server.ts';
import { filesBelow, hasBlob, ingests, missing, until, watch } from './cli.ts';
import { type Blob, makeImage, seed, type MadeImage } from './seed.ts';

const MEGABYTE = 1024 * 1024;
/** A third of the layer. */
const PART = 43 * MEGABYTE;
const SIZE = 3 * PART;
/** In MiB; the process alone takes about 85, so that a layer in memory would show. */
const MOST_MEMORY = 200;

describe.skipIf(missing !== undefined)('a layer of 129 MB', () => {
  let source: TestRegistry;
  let target: TestRegistry;
  let from: FaultProxy;
  let to: FaultProxy;
  let environment: TestEnvironment;
  let layer: Blob;

  beforeAll(async () => {
    [source, target] = await Promise.all([startRegistry(), startRegistry()]);
    [from, to] = await Promise.all([startFaultProxy(source.host), startFaultProxy(target.host)]);
    const image: MadeImage = makeImage({ size: SIZE });
    await seed(source.host, 'x/big:1', image);
    [layer] = image.layers as [Blob];
    environment = testEnvironment();
    environment.write({ 'app/Dockerfile': `FROM ${from.host}/x/big:1\nLABEL a=b\n` });
  });
  afterEach(() => {
    for (const proxy of [from, to]) {
      proxy.clear();
      proxy.requests.length = 0;
    }
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await Promise.all([from.close(), to.close()]);
    await Promise.all([source.close(), target.close()]);
  });

  const push = (host: string) => ['build', '--progress=plain', '-t', `${host}/y/big:1`, '--push', 'app'];

  test('a pull that is killed leaves no blob and no image; one that breaks goes on by Range', async () => {
    const blob = new RegExp(`^GET .*${layer.entry.digest}`);
    from.inject(blob, { kind: 'hold-answer', bytes: PART });
    const killed = watch(environment, ['pull', `${from.host}/x/big:1`]);
    await until(killed, () => ingests(environment).some(({ size }) => size > 0.9 * PART));
    killed.kill();
    expect((await killed.ended).signal).toBe('SIGKILL');
    expect(hasBlob(environment, layer.entry.digest)).toBe(false);
    expect((await environment.polyarch(['images', '-q'])).stdout).toBe('');

    // As if it had been an hour ago: what it left goes with the next download.
    const anHourAgo = Date.now() / 1000 - 3700;
    for (const { name } of ingests(environment)) utimesSync(join(environment.home, name), anHourAgo, anHourAgo);
    from.requests.length = 0;
    from.inject(blob, { kind: 'truncate', bytes: PART });
    from.inject(blob, { kind: 'reset' });
    from.inject(blob, { kind: 'truncate', bytes: PART });
    const pulled = await watch(environment, ['pull', `${from.host}/x/big:1`]).ended;
    succeed(pulled);
    expect(pulled.stderr.match(/retrying: /g)).toHaveLength(3);
    const ranges = from.requests
      .filter(({ url }) => url.includes(layer.entry.digest))
      .map(({ headers }) => headers.range);
    expect(ranges.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0) / PART)).toEqual([0, 1, 1, 2]);
    expect(hasBlob(environment, layer.entry.digest)).toBe(true);
    expect(ingests(environment)).toEqual([]);
    expect(pulled.peak).toBeLessThan(MOST_MEMORY);
  });

  test('a push that is killed is finished by the next process, which sends nothing again that was complete', async () => {
    to.inject(/^PATCH/, { kind: 'hold-upload', bytes: PART });
    const killed = watch(environment, push(to.host));
    await until(killed, () => to.received(/^PATCH/) > 0.9 * PART);
    await until(killed, () => to.requests.some(({ method, status }) => method === 'PUT' && status === 201));
    killed.kill();
    await killed.ended;
    expect(await remoteTags(target.host, 'y/big')).toEqual([]);

    to.requests.length = 0;
    const again = await watch(environment, push(to.host)).ended;
    succeed(again);
    // This registry drops an upload whose connection broke, so that the layer is sent whole; the config is not.
    expect(to.received(/blobs\/uploads/)).toBe(layer.entry.size);
    expect(await remoteTags(target.host, 'y/big')).toEqual(['1']);
    expect(again.peak).toBeLessThan(MOST_MEMORY);

    to.requests.length = 0;
    succeed(await watch(environment, push(to.host)).ended);
    expect(to.received(/blobs\/uploads/)).toBe(0);
  });

  test('a push that is killed goes on where it stopped with a registry that keeps what came', async () => {
    await using server = await startUploadServer();
    server.stallAfter(PART);
    const killed = watch(environment, push(server.host));
    await until(killed, () => server.received() > PART);
    killed.kill();
    await killed.ended;
    const before = server.received();
    const again = await watch(environment, push(server.host)).ended;
    succeed(again);
    expect(server.received() - before).toBeLessThan(SIZE - 0.99 * PART);
    expect(server.blobs.get(layer.entry.digest)?.length).toBe(layer.entry.size);
    expect([...server.manifests.keys()]).toContain('1');
    expect(filesBelow(join(environment.home, 'uploads'))).toEqual([]);
  });
});
