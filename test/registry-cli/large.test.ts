import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { hasBlob, ingests, missing, until, watch } from './cli.ts';
import { makeImage, seed, type MadeImage } from './seed.ts';

const MEGABYTE = 1024 * 1024;
const SIZE = 300 * MEGABYTE;

describe.skipIf(missing !== undefined)('a layer of 300 MB', () => {
  let source: TestRegistry;
  let target: TestRegistry;
  let image: MadeImage;
  let from: FaultProxy;
  let to: FaultProxy;
  let environment: TestEnvironment;

  beforeAll(async () => {
    [source, target] = await Promise.all([startRegistry(), startRegistry()]);
    [from, to] = await Promise.all([startFaultProxy(source.host), startFaultProxy(target.host)]);
    image = makeImage({ size: SIZE });
    await seed(source.host, 'x/big:1', image);
    environment = testEnvironment();
    environment.write({ Dockerfile: `FROM ${from.host}/x/big:1\nLABEL a=b\n` });
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

  const layer = () => image.layers[0]?.entry.digest ?? '';
  const push = () => ['build', '--progress=plain', '-t', `${to.host}/y/big:1`, '--push', '.'];

  test('a pull that is killed leaves nothing that counts; one that is reset goes on by Range, in little memory', async () => {
    from.inject(/^GET .*blobs/, { kind: 'hold-answer', bytes: 100 * MEGABYTE });
    const killed = watch(environment, ['pull', `${from.host}/x/big:1`]);
    await until(() => from.count(/GET .*blobs/) > 0, 'the pull');
    await until(() => ingests(environment).length > 0, 'the ingest');
    killed.kill();
    await killed.ended;
    expect(hasBlob(environment, layer())).toBe(false);
    from.requests.length = 0;
    from.inject(new RegExp(`^GET .*${layer()}`), { kind: 'truncate', bytes: 100 * MEGABYTE });
    const pulled = await watch(environment, ['pull', `${from.host}/x/big:1`]).ended;
    console.log(pulled, ingests(environment), from.requests);
    expect(pulled.code).toBe(0);
    expect(pulled.peak).toBeLessThan(200);
  });

  test('a push that is killed in the middle is finished by the next process', async () => {
    to.inject(/^PATCH/, { kind: 'hold-upload', bytes: 100 * MEGABYTE });
    const killed = watch(environment, push());
    await until(() => to.received(/^PATCH/) > 90 * MEGABYTE, 'the upload');
    killed.kill();
    await killed.ended;
    console.log(to.requests.map((r) => [r.method, r.url, r.received, r.status]));
    to.requests.length = 0;
    const again = await watch(environment, push()).ended;
    console.log(again);
    console.log(to.requests.map((r) => [r.method, r.url, r.received, r.status]));
    expect(again.code).toBe(0);
  });
});
