import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeImage, seed } from '../registry-cli/seed.ts';
import { requireTool, run, temporaryFolder, testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { registryMissing, startRegistry, type TestRegistry } from '../support/registry.ts';

/* What the commands leave at a registry, as other projects' programs read it. */

const missing = registryMissing();
if (missing !== undefined) process.stderr.write(`SKIPPED readers that are not ours: ${missing}\n`);

const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/s390x'];

describe.skipIf(missing !== undefined)('readers that are not ours', () => {
  const image = makeImage({ platforms: PLATFORMS });
  const digests = image.manifests.slice(0, PLATFORMS.length).map(({ entry }) => entry.digest);
  let source: TestRegistry;
  let target: TestRegistry;
  let environment: TestEnvironment;
  beforeAll(async () => {
    [source, target] = await Promise.all([startRegistry(), startRegistry()]);
    environment = testEnvironment();
    await seed(source.host, 'src/app:1', image);
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await Promise.all([source.close(), target.close()]);
  });

  test.for<readonly [string, (from: string, to: string) => readonly string[]]>([
    ['promote', (from, to) => ['promote', `${from}:1`, `${to}:1`]],
    ['copy', (from, to) => ['copy', `${from}:1`, `${to}:1`]],
    [
      'merge',
      (from, to) => [
        'merge',
        '-t',
        `${to}:1`,
        '--platform',
        PLATFORMS.join(),
        ...digests.map((digest) => `${from}@${digest}`),
      ],
    ],
  ])('%s', async ([command, make], context) => {
    const skopeo = requireTool(context, 'skopeo');
    const umoci = requireTool(context, 'umoci');
    const podman = requireTool(context, 'podman');
    const docker = requireTool(context, 'docker');
    const name = `${target.host}/to/${command}:1`;
    await environment.polyarch(make(`${source.host}/src/app`, `${target.host}/to/${command}`));

    using scratch = temporaryFolder();
    // Podman insists on the file.
    writeFileSync(join(scratch.path, 'config.json'), '{}');
    const env = { ...environment.env, DOCKER_CONFIG: scratch.path };
    const read = (...argv: readonly string[]) => run(argv, { cwd: scratch.path, env });
    const listed = JSON.parse((await read(docker, 'manifest', 'inspect', '--insecure', name)).stdout) as {
      manifests: { digest: string; platform: { os: string; architecture: string } }[];
    };
    expect(listed.manifests.map(({ digest }) => digest)).toEqual(digests);
    expect(listed.manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`)).toEqual(PLATFORMS);

    await read(skopeo, 'copy', '-q', '--all', '--src-tls-verify=false', `docker://${name}`, 'oci:all:1');
    // A merged index is new; the others are the source's.
    for (const platform of command === 'merge' ? PLATFORMS : PLATFORMS.slice(-1)) {
      const architecture = platform.split('/')[1] ?? '';
      const one = `oci:one:${architecture}`;
      await read(skopeo, 'copy', '-q', `--override-arch=${architecture}`, 'oci:all:1', one);
      await read(umoci, 'unpack', '--rootless', '--image', `one:${architecture}`, architecture);
      expect((await read('cat', `${architecture}/rootfs/platform`)).stdout).toBe(`${platform}\n`);

      const own = [
        podman,
        '--root',
        `${scratch.path}/root`,
        '--runroot',
        `${scratch.path}/run`,
        '--storage-driver=vfs',
      ];
      await read(...own, 'pull', '-q', '--tls-verify=false', '--platform', platform, name);
      const seen = await read(...own, 'image', 'inspect', '--format', '{{.Os}}/{{.Architecture}}', name);
      expect(seen.stdout.trim()).toBe(platform);
    }
  });
});
