import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readRemote, remoteTags } from '../build/image-reader.ts';
import { succeed } from '../build/project.ts';
import { testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { startFaultProxy, type Fault, type FaultProxy } from '../support/fault-proxy.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { expectFailure, filesBelow, missing } from './cli.ts';
import { makeImage, seed, type ImageInit, type MadeImage } from './seed.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** A manifest whose only layer says this of itself. */
function evil(layer: Readonly<Record<string, unknown>>): unknown {
  const mediaType = 'application/vnd.oci.image.layer.v1.tar';
  const config = makeImage().blobs[1]?.entry;
  return {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config,
    layers: [{ mediaType, digest: config?.digest, size: 1, ...layer }],
  };
}

describe.skipIf(missing !== undefined)('a registry that', () => {
  let registry: TestRegistry;
  let proxy: FaultProxy;
  let environment: TestEnvironment;

  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await startFaultProxy(registry.host);
    environment = testEnvironment();
  });
  afterEach(() => {
    proxy.clear();
    proxy.requests.length = 0;
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await proxy.close();
    await registry.close();
  });

  /** A base of its own, and a store of its own, for every test: nothing is there already. */
  let count = 0;
  const base = async (init: ImageInit = {}): Promise<{ image: MadeImage; name: string; home: string }> => {
    const name = `base/${count++}`;
    const image = makeImage({ files: { file: `text of ${name}\n` }, ...init });
    await seed(registry.host, `${name}:1`, image);
    return { image, name, home: join(environment.folder, `store-${count}`) };
  };
  /** Reads the base's layer, and pushes. */
  const build = (
    name: string,
    home: string,
    dockerfile = `FROM ${proxy.host}/${name}:1 AS base\nFROM scratch\nCOPY --from=base /file /file\n`,
  ) => {
    environment.write({ 'app/Dockerfile': dockerfile });
    const args = ['build', '--progress=plain', '-t', `${proxy.host}/${name}/app:1`, '--push', 'app'];
    return environment.polyarch(args, { allowFailure: true, env: { POLYARCH_HOME: home } });
  };

  /** After a failure: nothing half-written, no tag. */
  const expectNothing = async (name: string, home: string): Promise<void> => {
    expect(filesBelow(home).filter((path) => /(^|\/)ingest\/./.test(path))).toEqual([]);
    expect(await remoteTags(registry.host, `${name}/app`)).toEqual([]);
  };

  test('limits the rate for a while, is overloaded and resets connections: the build waits and goes on', async () => {
    const { name, home } = await base();
    const limited: Fault = { kind: 'answer', status: 429, headers: { 'retry-after': '1' } };
    proxy.inject(/^HEAD .*manifests\/1/, limited);
    proxy.inject(/^GET .*blobs/, { kind: 'answer', status: 503 }, 2);
    proxy.inject(/^POST .*uploads/, { kind: 'answer', status: 500 });
    proxy.inject(/^PUT .*uploads/, { kind: 'lose-answer' });
    proxy.inject(/^PUT .*manifests\/1/, { kind: 'reset' });
    const started = performance.now();
    const { stderr } = succeed(await build(name, home));
    expect(performance.now() - started).toBeGreaterThan(1000);
    expect(stderr).toMatch(/retrying in 1 s: manifest .*limits the rate of requests/);
    expect(stderr.match(/retrying/g)).toHaveLength(6);
    expect((await readRemote(registry.host, `${name}/app`, '1')).images).toHaveLength(1);
  });

  test('asks to wait for an hour is not waited for', async () => {
    const { name, home } = await base();
    proxy.inject(/./, { kind: 'answer', status: 429, headers: { 'retry-after': '3600' } }, 100);
    const result = await build(name, home);
    expectFailure(result, 'TOO_MANY_REQUESTS', proxy.host, /3600 s/);
    expect(proxy.requests).toHaveLength(1);
  });

  test.each<[string, RegExp, Fault, string, RegExp]>([
    [
      'is overloaded for good',
      /manifests\/1$/,
      { kind: 'answer', status: 502 },
      'REGISTRY_ERROR',
      /answers 502[^]*hint: .*try again later/,
    ],
    ['has no such image', /manifests/, { kind: 'answer', status: 404 }, 'NOT_FOUND', /base\/\d+:1 is not on/],
    ['denies it', /manifests/, { kind: 'answer', status: 403 }, 'DENIED', /denies it/],
    [
      'is a log-in page',
      /manifests/,
      { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
      'REGISTRY_ERROR',
      /no manifest/,
    ],
    [
      'answers schema 1',
      /manifests/,
      {
        kind: 'answer',
        status: 200,
        headers: { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
        body: '{"schemaVersion":1,"fsLayers":[]}',
      },
      'MANIFEST_SCHEMA1',
      /schema 1/,
    ],
    [
      'sends another manifest',
      /^GET .*manifests/,
      { kind: 'rewrite', body: (b) => Buffer.concat([b, Buffer.from(' ')]) },
      'SIZE_MISMATCH',
      /has \d+ bytes/,
    ],
    ['sends a changed manifest', /^GET .*manifests/, { kind: 'corrupt' }, 'DIGEST_MISMATCH', /manifest .*base/],
    [
      'promises another digest',
      /^HEAD .*manifests/,
      { kind: 'headers', headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } },
      'NOT_FOUND',
      /sha256:0000/,
    ],
    [
      'promises a digest that is none',
      /^HEAD .*manifests/,
      { kind: 'headers', headers: { 'docker-content-digest': 'sha256:../../etc' } },
      'INVALID_DIGEST',
      /digest/,
    ],
    ['sends changed blobs', /^GET .*blobs/, { kind: 'corrupt' }, 'DIGEST_MISMATCH', /blob .*base/],
    [
      'announces a longer blob',
      /^GET .*blobs/,
      { kind: 'headers', headers: { 'content-length': '999999' } },
      'SIZE_MISMATCH',
      /announces 999999/,
    ],
    [
      'redirects in a circle',
      /^GET .*blobs/,
      { kind: 'answer', status: 307, headers: { location: '?' } },
      'REGISTRY_ERROR',
      /blob .*: .* redirects more than/,
    ],
    [
      'takes a push for another',
      /^PUT .*manifests/,
      { kind: 'headers', headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } },
      'DIGEST_MISMATCH',
      /stored sha256:0000/,
    ],
    [
      'refuses a manifest',
      /^PUT .*manifests/,
      { kind: 'answer', status: 400, body: '{"errors":[{"code":"MANIFEST_INVALID","message":"not so"}]}' },
      'REGISTRY_ERROR',
      /not so \(MANIFEST_INVALID\)/,
    ],
    [
      'is full',
      /^PUT .*uploads/,
      { kind: 'answer', status: 413, body: '{"errors":[{"code":"SIZE_INVALID","message":"quota exceeded"}]}' },
      'REGISTRY_ERROR',
      /takes nothing this large: quota exceeded[^]*hint: /,
    ],
  ])('%s', async (what, pattern, fault, code, text) => {
    const { name, home } = await base();
    proxy.inject(pattern, fault, 100);
    const result = await build(name, home);
    expectFailure(result, code, proxy.host, text);
    proxy.clear();
    await expectNothing(name, home);
    // What was wrong is nowhere kept.
    if (what.startsWith('sends')) succeed(await build(name, home));
  });

  test.each<[string, ImageInit, string, RegExp]>([
    [
      'another diffID',
      { diffIds: [`sha256:${'1'.repeat(64)}`] },
      'DIGEST_MISMATCH',
      /unpacks to sha256:.*does not tell the truth/,
    ],
    [
      'too many diffIDs',
      { diffIds: [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`] },
      'INVALID_IMAGE',
      /1 layers but 2 diff_ids/,
    ],
    [
      'a config of another size',
      { manifest: (m) => ({ ...m, config: { ...m.config, size: m.config.size + 1 } }) },
      'SIZE_MISMATCH',
      /blob .* has \d+ bytes, but/,
    ],
    [
      'a layer of another size',
      { manifest: (m) => ({ ...m, layers: m.layers.map((l) => ({ ...l, size: l.size - 1 })) }) },
      'SIZE_MISMATCH',
      /blob/,
    ],
    [
      'a layer that is said to be zstd',
      {
        manifest: (m) => ({
          ...m,
          layers: m.layers.map((l) => ({ ...l, mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' })),
        }),
      },
      'ARCHIVE_INVALID',
      /layer sha256:\w+ of .*base.*zstd/,
    ],
  ])('has an image with %s', async (_name, init, code, text) => {
    const { name, home } = await base(init);
    const result = await build(name, home);
    expectFailure(result, code, text);
    await expectNothing(name, home);
  });

  test.each<[string, () => unknown, string, RegExp]>([
    [
      'a digest that is a path',
      () => evil({ digest: 'sha256:../../../etc/passwd' }),
      'MANIFEST_INVALID',
      /layers\[0\]\.digest should be .*etc\/passwd/,
    ],
    ['a negative size', () => evil({ size: -1 }), 'MANIFEST_INVALID', /size/],
    ['no layers', () => ({ schemaVersion: 2, mediaType: MANIFEST }), 'MANIFEST_INVALID', /config|layers/],
    ['no end', () => 'x'.repeat(5_000_000), 'REGISTRY_ERROR', /more than 4194304 bytes/],
  ])('has a manifest with %s', async (_name, make, code, text) => {
    const { name, home } = await base();
    const body = JSON.stringify(make());
    proxy.inject(/manifests\/1$/, { kind: 'answer', status: 200, headers: { 'content-type': MANIFEST }, body }, 2);
    const result = await build(name, home);
    expectFailure(result, code, /base\/\d+/, text);
    await expectNothing(name, home);
  });

  test('truncates everything it sends: every download goes on where it broke', async () => {
    const { image, name, home } = await base({ size: 3_000_000 });
    proxy.inject(new RegExp(`^GET .*${image.layers[0]?.entry.digest}`), { kind: 'truncate', bytes: 500_000 }, 3);
    proxy.inject(/^GET .*manifests/, { kind: 'truncate', bytes: 50 }, 1);
    const dockerfile = `FROM ${proxy.host}/${name}:1 AS base\nFROM scratch\nCOPY --from=base /random /random\n`;
    const { stderr } = succeed(await build(name, home, dockerfile));
    expect(stderr.match(/retrying: /g)).toHaveLength(4);
  });
});
