import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBases } from './bases.ts';
import { fixturePath, projectFolder } from './fixtures.ts';
import { installTools, toolSets, ToolsMissing } from './install-tools.ts';
import { run } from './process.ts';

const platforms = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];

const title = (text: string): void => console.log(`\n\u001B[1m${text}\u001B[0m`);
const say = (text: string): void => console.log(`  ${text}`);

/** The names registered with the host's own kernel to run foreign programs. */
function hostEmulators(): string {
  const folder = '/proc/sys/fs/binfmt_misc';
  return existsSync(folder) ? readdirSync(folder).toSorted().join(' ') : '';
}

async function demo(): Promise<void> {
  const before = hostEmulators();
  title('1. What this machine needs');
  await installTools(toolSets.demo, { log: say });
  say(`has ${toolSets.demo.join(', ')}`);

  title('2. A local registry with a multi-platform busybox, made from Debian packages');
  const host = await ensureBases(['busybox'], { log: say });
  say(`http://${host} stands in for docker.io, so that the Dockerfile stays as it is`);

  const image = `${host}/demo/hello:1`;
  const context = join(projectFolder, 'examples/hello');
  const env = {
    ...process.env,
    POLYARCH_HOME: process.env['POLYARCH_HOME'] ?? fixturePath('demo-store'),
    POLYARCH_REGISTRY_MIRRORS: `docker.io=http://${host}`,
  };
  const polyarch = join(projectFolder, 'bin/polyarch');

  title(`3. One build for ${platforms.join(', ')}, pushed`);
  say(`polyarch build --platform ${platforms.join(',')} -t ${image} --push examples/hello`);
  const build = ['build', '--progress', 'plain', '--platform', platforms.join(','), '-t', image, '--push', context];
  await run([polyarch, ...build], { env, output: 'inherit' });

  title('4. What the registry holds now');
  await printIndex(host);

  title('5. The image, run for each platform');
  for (const platform of platforms) {
    say(`polyarch run --platform ${platform} ${image}`);
    const { stdout } = await run([polyarch, 'run', '--platform', platform, image], { env });
    console.log(stdout.trimEnd().replace(/^/gm, '      '));
  }

  title('Done');
  if (hostEmulators() === before)
    say("The host's own binfmt_misc is as it was: emulators were registered for the build only.");
  else throw new Error(`the host's binfmt_misc changed: ${before} became ${hostEmulators()}`);
  say(`The image stays at ${image}; end the registry with: npm run registry -- stop`);
}

/** Reads the pushed index as any other client would. */
async function printIndex(host: string): Promise<void> {
  const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json';
  const response = await fetch(`http://${host}/v2/demo/hello/manifests/1`, { headers: { accept } });
  if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
  say(`${response.headers.get('content-type') ?? ''} ${response.headers.get('docker-content-digest') ?? ''}`);
  // An index, by its Content-Type; a wrong one fails on the next line.
  const index = (await response.json()) as {
    manifests: { digest: string; platform?: { os: string; architecture: string; variant?: string } }[];
  };
  for (const { digest, platform } of index.manifests) {
    const name = [platform?.os, platform?.architecture, platform?.variant].filter((part) => part !== undefined);
    say(`  ${name.join('/').padEnd(14)} ${digest}`);
  }
}

try {
  await demo();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof ToolsMissing ? 3 : 1;
}
