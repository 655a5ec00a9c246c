import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readRemote } from '../build/image-reader.ts';
import { succeed } from '../build/project.ts';
import { testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { missing } from './cli.ts';
import { makeImage, seed } from './seed.ts';

const THREE = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];

describe.skipIf(missing !== undefined)('requests', () => {
  let registry: TestRegistry;
  let proxy: FaultProxy;
  let environment: TestEnvironment;

  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await startFaultProxy(registry.host);
    environment = testEnvironment();
    await seed(registry.host, 'x/base:1', makeImage({ platforms: THREE }));
    environment.write({ 'app/Dockerfile': `FROM ${proxy.host}/x/base:1\nCOPY file /file\n`, 'app/file': 'text' });
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

  const lines = () => proxy.requests.map(({ method, url }) => `${method} ${url.replace(/\?.*/, '?')}`);
  const build = (...args: string[]) =>
    environment.polyarch(['build', '--progress=plain', '--platform', THREE.join(), ...args, 'app']);

  const push = async (...names: readonly string[]): Promise<string[]> => {
    proxy.requests.length = 0;
    succeed(await build(...names.flatMap((name) => ['-t', `${proxy.host}/${name}`]), '--push'));
    return lines();
  };

  test('a cached build of three platforms is pushed again in three requests', async () => {
    const first = await push('x/app:1');
    expect(first.filter((line) => line.startsWith('GET'))).toHaveLength(1 + 3 + 3 + 3);
    expect(new Set(first).size, 'nothing is asked twice').toBe(
      first.length - (first.filter((line) => /POST .*uploads\/\?*$/.test(line)).length - 2),
    );
    const { digest } = await readRemote(registry.host, 'x/app', '1');
    for (const tag of ['1', '1', '2']) {
      expect(await push(`x/app:${tag}`)).toEqual([
        'HEAD /v2/x/base/manifests/1',
        `HEAD /v2/x/app/manifests/${digest}`,
        `PUT /v2/x/app/manifests/${tag}`,
      ]);
    }
  });

  test('another repository of the registry is given what an earlier push left there', async () => {
    await push('y/app:1');
    expect(proxy.count(/POST .*mount=.*from=x%2F(app|base)/)).toBe(4);
    const held = await readRemote(registry.host, 'y/app', '1');
    const configs = held.images.reduce((sum, { manifest }) => sum + manifest.config.size, 0);
    expect(proxy.received(/blobs\/uploads/)).toBe(configs);
  });

  test('of two repositories in one registry the second is sent nothing', async () => {
    environment.write({ 'app/file': 'other text' });
    await push('z/one:1', 'z/two:1', 'z/two:2');
    expect(proxy.received(/z\/one\/blobs\/uploads/)).toBeGreaterThan(0);
    expect(proxy.received(/z\/two\/blobs\/uploads/)).toBe(0);
    expect((await readRemote(registry.host, 'z/two', '2')).images).toHaveLength(3);
  });

  test('a registry that refuses mounts is sent the layers', async () => {
    proxy.inject(/^POST .*mount=/, { kind: 'answer', status: 403 }, 100);
    await push('refused/app:1');
    expect((await readRemote(registry.host, 'refused/app', '1')).images).toHaveLength(3);
  });

  test('pull asks for what is missing, once, and then for the tag alone; push for the root alone', async () => {
    const name = `${proxy.host}/x/app:1`;
    const env = { POLYARCH_HOME: `${environment.home}-pulled` };
    succeed(await environment.polyarch(['pull', name], { env }));
    expect(new Set(lines()).size).toBe(lines().length);
    proxy.requests.length = 0;
    succeed(await environment.polyarch(['pull', name], { env }));
    expect(lines()).toEqual(['HEAD /v2/x/app/manifests/1']);
    proxy.requests.length = 0;
    succeed(await environment.polyarch(['push', name], { env }));
    expect(lines()).toEqual([expect.stringMatching(/^HEAD .*sha256/), 'PUT /v2/x/app/manifests/1']);
  });

  test('a base from an OCI layout is pushed', async () => {
    succeed(await build('-o', 'type=oci,dest=layout,tar=false'));
    environment.write({ 'on/Dockerfile': 'FROM base\nLABEL c=d\n' });
    const args = ['build', '--platform', THREE.join(), '--build-context', 'base=oci-layout://layout'];
    succeed(await environment.polyarch([...args, '-t', `${proxy.host}/on/layout:1`, '--push', 'on']));
    expect((await readRemote(registry.host, 'on/layout', '1')).images).toHaveLength(3);
  });
});
