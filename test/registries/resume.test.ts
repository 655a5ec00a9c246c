import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRemote, sha256 } from '../build/image-reader.ts';
import { succeed } from '../build/project.ts';
import { digestAt } from '../manifest/registry.ts';
import { until, watch, type Watching } from '../registry-cli/cli.ts';
import { makeImage, seed, type MadeImage } from '../registry-cli/seed.ts';
import { skip, testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import type { RegistryKind } from '../support/registry-programs.ts';
import { registryMissing, startRegistry, type TestRegistry } from '../support/registry.ts';

/* A push that is killed at several points: what is complete is not sent again, nor what the registry kept of the rest. */

const MEGABYTE = 1024 * 1024;
/** MiB of all layers. */
const SIZE = Number(process.env['POLYARCH_TEST_PUSH_SIZE'] ?? 64);
const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/s390x', 'linux/ppc64le'];
const LAYER = Math.floor((SIZE * MEGABYTE) / PLATFORMS.length);
/** What the proxy may have read of a connection beyond what it passed on. */
const READ_AHEAD = MEGABYTE / 4;

const missing = registryMissing();
if (missing !== undefined) process.stderr.write(`SKIPPED pushes that are killed: ${missing}\n`);

/** Registries that keep what came of a PATCH that broke. */
const kinds: readonly RegistryKind[] = [
  'distribution',
  'memory',
  ...(registryMissing('zot') === undefined ? (['zot'] as const) : []),
];

describe.skipIf(missing !== undefined)(`a push of ${SIZE} MiB that is killed`, { timeout: 600_000 }, () => {
  let source: TestRegistry;
  let environment: TestEnvironment;
  let image: MadeImage;

  beforeAll(async () => {
    source = await startRegistry();
    environment = testEnvironment();
    image = indexOf(PLATFORMS.map((platform) => makeImage({ platforms: [platform], size: LAYER })));
    await seed(source.host, 'm/app:1', image);
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await source.close();
  });

  test.for(kinds)('at %s goes on in a new process', async (kind, context) => {
    const absent = registryMissing(kind);
    if (absent !== undefined) return skip(context, absent);
    await using registry = await startRegistry({ kind });
    await using proxy = await startFaultProxy(registry.host);
    const name = `${proxy.host}/m/app:1`;
    await environment.polyarch(['copy', `${source.host}/m/app:1`, `local://${name}`]);
    const finished = (): number =>
      proxy.requests.filter(
        ({ method, url, status }) => method === 'PUT' && url.includes('/uploads/') && status === 201,
      ).length;
    const sent = (): number => proxy.received(/blobs\/uploads/);
    const killAt = async (condition: (running: Watching) => Promise<void>): Promise<void> => {
      const running = watch(environment, ['push', name]);
      await condition(running);
      running.kill();
      expect((await running.ended).signal).toBe('SIGKILL');
      expect(await digestAt(registry.host, 'm/app', '1')).toBeUndefined();
      proxy.clear();
      // For the registry to see that nothing more comes.
      await sleep(500);
    };

    proxy.inject(/^PATCH/, { kind: 'hold-upload', bytes: 0.3 * LAYER }, 100);
    await killAt(async (running) => {
      for (let before = -1; before !== sent() || before < 0.3 * LAYER; await sleep(700)) {
        before = sent();
        await until(running, () => true);
      }
    });
    const held = proxy.requests.filter(({ received }) => received >= 0.3 * LAYER).length;

    proxy.inject(/^PATCH/, { kind: 'hold-upload', bytes: 0.5 * LAYER });
    await killAt((running) => until(running, () => finished() === image.blobs.length - 1));

    const root = new RegExp(`^PUT .*manifests/(1|${image.root.entry.digest})$`);
    proxy.inject(root, { kind: 'delay', milliseconds: 60_000 }, 100);
    await killAt((running) => until(running, () => proxy.count(root) > 0));
    expect(finished()).toBe(image.blobs.length);

    const all = image.blobs.reduce((sum, { entry }) => sum + entry.size, 0);
    expect(sent()).toBeGreaterThanOrEqual(all);
    expect(sent()).toBeLessThan(all + (held + 1) * READ_AHEAD);
    if (process.env['POLYARCH_TEST_PUSH_SIZE'] !== undefined)
      process.stderr.write(`${kind}: ${all} bytes, ${sent()} sent, ${held} uploads held at the first kill\n`);

    const before = sent();
    succeed(await watch(environment, ['push', name]).ended);
    expect(sent()).toBe(before);
    expect((await readRemote(registry.host, 'm/app', '1')).digest).toBe(image.root.entry.digest);
    await environment.polyarch(['rmi', name]);
  });
});

function indexOf(images: readonly MadeImage[]): MadeImage {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const manifests = images.map(({ root }, i) => {
    const [os, architecture] = (PLATFORMS[i] ?? '').split('/');
    return { ...root.entry, platform: { os, architecture } };
  });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  const root = { entry: { mediaType, digest: sha256(bytes), size: bytes.length }, bytes };
  return {
    root,
    manifests: [...images.map((one) => one.root), root],
    blobs: images.flatMap(({ blobs }) => blobs),
    layers: images.flatMap(({ layers }) => layers),
  };
}
