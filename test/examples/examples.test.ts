import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useKeptPacks } from '../support/kept-packs.ts';
import {
  fixtureRegistry,
  projectFolder,
  requireTool,
  run,
  temporaryFolder,
  testEnvironment,
} from '../support/environment.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

/*
 * The examples, each with its unmodified Dockerfile, built for foreign platforms against the stand-in bases,
 * pushed to a real registry and run from there.
 */
let registry = '';
let target: TestRegistry;
beforeAll(async () => {
  registry = await fixtureRegistry('busybox', 'alpine', 'debian', 'golang', 'golang-cgo');
  target = await startRegistry();
});
afterAll(() => target.close());

const three = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];

interface Example {
  readonly name: string;
  readonly platforms: readonly string[];
  /** What the image prints when it is run for that platform. */
  readonly prints: (platform: string) => RegExp;
  /** The command to run instead of the image's own. */
  readonly command?: readonly string[];
  /** Flags of its build besides. */
  readonly flags?: readonly string[];
  /** With the packs of the machine's other runs, as a second build would have them. */
  readonly accelerated?: true;
}

const goNames: Readonly<Record<string, string>> = {
  'linux/amd64': 'amd64',
  'linux/arm64': 'arm64',
  'linux/arm/v7': 'arm',
  'linux/arm': 'arm',
};
const machines: Readonly<Record<string, string>> = {
  'linux/amd64': 'x86_64',
  'linux/arm64': 'aarch64',
  'linux/arm/v7': 'armv7l',
};

const examples: readonly Example[] = [
  {
    name: 'hello',
    platforms: three,
    flags: ['--platform', '?linux/loong64', '--test', './hello.sh | grep "runs on a $(uname -m) machine"'],
    prints: (platform) =>
      new RegExp(
        `Hello from a build on linux/\\w+\nThis image is for ${platform}; its RUN step saw a ${machines[platform]} machine.\nIt runs on a ${machines[platform]} machine now.\n`,
      ),
  },
  {
    name: 'go-report',
    platforms: ['linux/amd64', 'linux/arm64'],
    prints: (platform) => new RegExp(`^OS: linux\nArchitecture: ${goNames[platform]}\n$`),
  },
  {
    name: 'go-cross',
    platforms: ['linux/arm64', 'linux/arm'],
    prints: (platform) => new RegExp(`^Hello world!\nRunning in \\[${goNames[platform]}\\] architecture.\n$`),
  },
  {
    name: 'per-platform',
    platforms: three,
    flags: [
      '-f',
      'Dockerfile',
      '-f',
      'linux/arm=Dockerfile.arm',
      '--build-arg',
      'linux/arm64=GREETING=Hi',
      '--build-context',
      'words=words/{arch}{variant}',
    ],
    prints: (platform) =>
      new RegExp(
        {
          'linux/amd64': '^Hello, x86_64: plenty of memory\n$',
          'linux/arm64': '^Hi, aarch64: room for most\n$',
          'linux/arm/v7': '^Small, for armv7l: little memory\n$',
        }[platform] ?? 'none',
      ),
  },
  {
    name: 'dockerfile-cross',
    platforms: three,
    flags: ['-f', 'Dockerfile.cross'],
    prints: (platform) => new RegExp(`^${machines[platform]}\n$`),
  },
  {
    name: 'nginx',
    platforms: three,
    command: ['sh', '-c', 'nginx -v 2>&1'],
    accelerated: true,
    prints: () => /^nginx version: nginx\/1\./,
  },
];

describe('examples', () => {
  it.each(examples)(
    '$name is built for $platforms, pushed, and runs',
    async ({ name, platforms, prints, command, flags = [], accelerated = false }) => {
      using user = testEnvironment({ mirror: registry });
      if (accelerated) useKeptPacks(user);
      const env: Record<string, string> = accelerated ? { POLYARCH_ACCEL: 'exact' } : {};
      const image = `${target.host}/test/${name}:${process.pid}`;
      const context = join(projectFolder, 'examples', name);
      const common = ['--platform', platforms.join(','), '-t', image, '--push'];
      await user.polyarch(['build', ...flags, ...common, '.'], { cwd: context, env });
      expect(await platformsOf(image)).toEqual(platforms.map((platform) => normal[platform] ?? platform));
      for (const platform of platforms) {
        const ran = await user.polyarch(['run', '--platform', platform, image, ...(command ?? [])]);
        expect(ran.stdout).toMatch(prints(platform));
      }
    },
    400_000,
  );

  it('prebuilt puts each platform’s own binary into its image', async (context) => {
    const go = requireTool(context, 'go');
    using folder = temporaryFolder();
    using user = testEnvironment({ mirror: registry });
    cpSync(join(projectFolder, 'examples/prebuilt'), folder.path, { recursive: true });
    const env = { ...process.env, PATH: `${join(go, '..')}:${process.env['PATH']}` };
    await run([join(folder.path, 'build-rel.sh')], { env });
    const image = `${target.host}/test/prebuilt:${process.pid}`;
    await user.polyarch(['build', '--platform', three.join(','), '-t', image, '--push', folder.path]);
    for (const platform of three) {
      const ran = await user.polyarch(['run', '--platform', platform, image]);
      expect(ran.stdout).toBe(`Hello world from ${goNames[platform]}\n`);
    }
  });

  it('go-cgo compiles C for another platform on the build platform', async () => {
    using folder = temporaryFolder();
    using user = testEnvironment({ mirror: registry });
    const context = join(projectFolder, 'examples/go-cgo');
    const platforms = ['--platform', 'linux/arm64'];
    await user.polyarch(['build', ...platforms, '-o', 'type=cacheonly', context]);
    // The image is the whole builder's stage, 700 MB: only the program is taken out of it.
    const program = `${readFileSync(join(context, 'Dockerfile'), 'utf8')}\nFROM scratch\nCOPY --from=builder /main /main\n`;
    user.write({ 'Dockerfile.main': program });
    const output = ['-o', `type=local,dest=${folder.path}`];
    const file = ['-f', join(user.folder, 'Dockerfile.main')];
    const again = await user.polyarch(['build', '--progress', 'plain', ...file, ...platforms, ...output, context]);
    expect(again.stderr.match(/^#\d+ CACHED$/gm)?.length).toBeGreaterThanOrEqual(4);
    // ELF header, e_machine: AArch64.
    expect(readFileSync(join(folder.path, 'main')).readUInt16LE(18)).toBe(183);
  }, 600_000);
});

/** How a platform stands in an index: arm64 has its only variant, arm its usual one. */
const normal: Readonly<Record<string, string>> = { 'linux/arm': 'linux/arm/v7' };

/** The platforms of a pushed index, in its order, without arm64's v8, which may be written or not. */
async function platformsOf(image: string): Promise<string[]> {
  const [, host = '', repository = '', tag = ''] = /^([^/]+)\/(.+):([^:]+)$/.exec(image) ?? [];
  const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json';
  const response = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, { headers: { accept } });
  // An index: the registry gives nothing else for this Accept header.
  const index = (await response.json()) as {
    manifests: { platform: { os: string; architecture: string; variant?: string } }[];
  };
  return index.manifests.map(({ platform }) =>
    [platform.os, platform.architecture, platform.variant]
      .filter((part) => part !== undefined && !(platform.architecture === 'arm64' && part === 'v8'))
      .join('/'),
  );
}
