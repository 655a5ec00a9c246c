import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest';
import { type DockerDaemon, startDockerDaemon } from '../support/dockerd.ts';
import { skip } from '../support/environment.ts';
import { sharedEnvironment, TWO } from './project.ts';

const environment = sharedEnvironment();
let started: DockerDaemon | string;
beforeAll(async () => {
  started = await startDockerDaemon();
});
afterAll(async () => {
  if (typeof started !== 'string') await started[Symbol.asyncDispose]();
});

function docker(context: TestContext): DockerDaemon {
  return typeof started === 'string' ? skip(context, started) : started;
}

const at = (name: string): string => join(environment().folder, name);
const build = (...args: string[]) => environment().polyarch(['build', ...args, '.']);

test('docker load takes the archive of one platform, and runs it', async (context) => {
  const { docker: run } = docker(context);
  await build('-t', 'archived:1', '-o', 'type=docker,dest=one.tar');
  expect((await run('load', '-i', at('one.tar'))).stdout).toContain('Loaded image: archived:1');
  expect((await run('run', '--rm', '--network=host', 'archived:1')).stdout).toBe('hello from x86_64\n');
  const inspected = await run('image', 'inspect', '--format', '{{.Architecture}} {{len .RootFS.Layers}}', 'archived:1');
  expect(inspected.stdout).toBe('amd64 4\n');
});

test('docker load takes several platforms, each under a tag with its name', async (context) => {
  const { docker: run } = docker(context);
  await build('--platform', TWO, '-t', 'several:1', '-o', 'type=docker,dest=two.tar');
  await run('load', '-i', at('two.tar'));
  const architecture = async (tag: string) =>
    (await run('image', 'inspect', '--format', '{{.Architecture}}', tag)).stdout.trim();
  expect(await architecture('several:1-amd64')).toBe('amd64');
  expect(await architecture('several:1-arm64')).toBe('arm64');
  expect((await run('run', '--rm', '--network=host', 'several:1-amd64')).stdout).toBe('hello from x86_64\n');
});

test('docker load takes layers without compression', async (context) => {
  const { docker: run } = docker(context);
  await build('-t', 'plain:1', '-o', 'type=docker,dest=plain.tar,compression=uncompressed,force-compression=true');
  await run('load', '-i', at('plain.tar'));
  expect((await run('run', '--rm', '--network=host', 'plain:1')).stdout).toBe('hello from x86_64\n');
});

test('--load puts it into Docker and the local store', async (context) => {
  const { docker: run, host } = docker(context);
  const { stderr, stdout } = await environment().polyarch(['build', '-t', 'loaded:1', '--load', '.'], {
    env: { DOCKER_HOST: host },
  });
  expect(stdout).toBe('');
  expect(stderr).toContain('Docker');
  expect((await run('run', '--rm', '--network=host', 'loaded:1')).stdout).toBe('hello from x86_64\n');
  environment().write({ 'after.Dockerfile': 'FROM loaded:1\nRUN test -x /hello.sh\n' });
  await build('-f', 'after.Dockerfile');
});

test('--load without Docker says where the image is', async () => {
  const { stderr } = await environment().polyarch(['build', '-t', 'alone:1', '--load', '.'], {
    env: { DOCKER_HOST: `unix://${at('no.sock')}` },
  });
  expect(stderr).toMatch(/local store.*no Docker/);
});

test("what Docker refuses is the build's failure, in Docker's words", async (context) => {
  const { host } = docker(context);
  const args = ['build', '-t', 'zstd:1', '-o', 'type=docker,compression=zstd,force-compression=true', '.'];
  const options = { env: { DOCKER_HOST: host }, allowFailure: true };
  const { code, stdout, stderr } = await environment().polyarch(args, options);
  // Docker reads zstd from version 23 on.
  if (code === 0) return;
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/DOCKER_LOAD.*polyarch save/s);
});

test('-q with --load prints the id only', async (context) => {
  const { host } = docker(context);
  const { stdout, stderr } = await environment().polyarch(['build', '-q', '-t', 'quiet:1', '--load', '.'], {
    env: { DOCKER_HOST: host },
  });
  expect([stdout, stderr]).toEqual([expect.stringMatching(/^sha256:[a-f0-9]{64}\n$/), '']);
});
