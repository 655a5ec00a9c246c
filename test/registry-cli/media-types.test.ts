import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ofPlatform, readRemote } from '../build/image-reader.ts';
import { succeed } from '../build/project.ts';
import { fixtureRegistry, requireProgram, run, testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { expectFailure, missing } from './cli.ts';
import { makeImage, seed } from './seed.ts';

const TWO = ['linux/amd64', 'linux/arm64'];

describe.skipIf(missing !== undefined)('media types', () => {
  let registry: TestRegistry;
  let environment: TestEnvironment;

  beforeAll(async () => {
    registry = await startRegistry();
    environment = testEnvironment();
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await registry.close();
  });

  const build = (dockerfile: string, ...args: string[]) => {
    environment.write({ Dockerfile: dockerfile });
    return environment.polyarch(['build', '--progress=plain', ...args, '.'], { allowFailure: true });
  };
  const at = (name: string): string => `${registry.host}/${name}`;
  const file = (...parts: string[]): string => readFileSync(join(environment.folder, ...parts), 'utf8');

  test('a Docker manifest list that skopeo pushed is a base for an OCI index, and runs', async (context) => {
    const skopeo = requireProgram(context, 'skopeo');
    const busybox = await fixtureRegistry('busybox');
    const flags = ['--src-tls-verify=false', '--dest-tls-verify=false', '--format', 'v2s2'];
    const names = [`docker://${busybox}/library/busybox:latest`, `docker://${at('docker/busybox')}:1`];
    // Not execFileSync: the registry's log is read by this process.
    await run([skopeo, '--insecure-policy', 'copy', '--quiet', '--all', ...flags, ...names]);
    const base = await readRemote(registry.host, 'docker/busybox', '1');
    expect(base.mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json');
    const dockerfile = `FROM ${at('docker/busybox:1')}\nRUN uname -m > /arch\n`;
    succeed(await build(dockerfile, '--platform', TWO.join(), '-t', at('from/docker:1'), '--push'));
    const image = await readRemote(registry.host, 'from/docker', '1');
    expect(image.mediaType).toBe('application/vnd.oci.image.index.v1+json');
    for (const [platform, machine] of [
      ['linux/amd64', 'x86_64'],
      ['linux/arm64/v8', 'aarch64'],
    ] as const) {
      const one = ofPlatform(image, platform);
      expect(one.layers.at(-1)?.includes(`${machine}\n`)).toBe(true);
      const below = base.images.find(({ entry }) => entry.platform?.architecture === one.config.architecture);
      expect(one.manifest.layers[0]?.digest).toBe(below?.manifest.layers[0]?.digest);
    }
    succeed(await build(dockerfile, '-t', at('from/docker2:1'), '-o', 'type=registry,oci-mediatypes=false'));
    const docker = await readRemote(registry.host, 'from/docker2', '1');
    expect(docker.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
  });

  test.each([
    ['an OCI index', 'oci', TWO],
    ['a Docker manifest list', 'docker', TWO],
    ['an OCI manifest', 'oci', ['linux/amd64']],
    ['a Docker manifest', 'docker', ['linux/amd64']],
  ] as const)('%s is pulled, its files read, and pushed with other types', async (name, family, platforms) => {
    const repository = `base/${name.toLowerCase().replaceAll(' ', '-')}`;
    await seed(registry.host, `${repository}:1`, makeImage({ family, platforms }));
    const dockerfile = `FROM ${at(repository)}:1 AS base\nFROM scratch\nCOPY --from=base /platform /platform\n`;
    succeed(
      await build(dockerfile, '--platform', platforms.join(), '-o', `type=local,dest=${name},platform-split=true`),
    );
    for (const platform of platforms)
      expect(file(name, platform.replaceAll('/', '_'), 'platform')).toBe(`${platform}\n`);
    for (const types of [true, false]) {
      const output = ['-o', `type=registry,oci-mediatypes=${types}`, '-t', at(`${repository}/built:${types}`)];
      succeed(await build(`FROM ${at(repository)}:1\nLABEL a=b\n`, '--platform', platforms.join(), ...output));
      const image = await readRemote(registry.host, `${repository}/built`, String(types));
      expect(image.mediaType).toContain(types ? '.oci.' : '.docker.');
      expect(image.images).toHaveLength(platforms.length);
    }
  });

  test.each(['oci', 'docker'] as const)('polyarch pull and push keep every byte of %s images', async (family) => {
    const image = makeImage({ family, platforms: TWO });
    const first = await startRegistry();
    const name = `${first.host}/kept/${family}:1`;
    await seed(first.host, `kept/${family}:1`, image);
    const { stdout } = await environment.polyarch(['pull', name]);
    expect(stdout).toContain(image.root.entry.digest);
    await first.close();
    // The same address, and nothing there any more.
    await using second = await startRegistry({ port: first.port });
    await environment.polyarch(['push', name]);
    const { digest, mediaType } = await readRemote(second.host, `kept/${family}`, '1');
    expect({ digest, mediaType }).toEqual({ digest: image.root.entry.digest, mediaType: image.root.entry.mediaType });
  });

  test.each([
    ['linux/arm', 'linux/arm/v7', 'linux/arm/v7'],
    ['linux/arm64', 'linux/arm64/v8', 'linux/arm64/v8'],
    ['linux/arm64/v8', 'linux/arm64', 'linux/arm64/v8'],
    ['linux/arm/v6', 'linux/arm/v7', 'linux/arm/v7'],
  ])('a base that says %s is taken for %s and gives %s', async (has, wanted, given) => {
    const name = `variants/${has.replaceAll('/', '-')}`;
    await seed(registry.host, `${name}:1`, makeImage({ platforms: ['linux/amd64', has] }));
    succeed(
      await build(`FROM ${at(name)}:1\nLABEL a=b\n`, '--platform', wanted, '-t', at(`${name}/built:1`), '--push'),
    );
    const image = await readRemote(registry.host, `${name}/built`, '1');
    expect(image.images.map(({ platform }) => platform)).toEqual([given]);
  });

  test('a base without the platform lists those it has; a single manifest of another platform is said', async () => {
    await seed(registry.host, 'only/two:1', makeImage({ platforms: TWO }));
    await seed(registry.host, 'only/one:1', makeImage({ platforms: ['linux/s390x'] }));
    const none = await build(
      `FROM ${at('only/two:1')}\n`,
      '--platform',
      'linux/riscv64',
      '-t',
      at('only/two:2'),
      '--push',
    );
    expectFailure(none, 'NO_MATCHING_PLATFORM', /only\/two:1/, /linux\/amd64, linux\/arm64/);
    const single = await build(`FROM ${at('only/one:1')}\nLABEL a=b\n`, '-t', at('only/one:2'), '--push');
    expect(succeed(single).stderr).toMatch(
      /only\/one:1 was pulled with platform "linux\/s390x", expected "linux\/amd64"/,
    );
  });
});
