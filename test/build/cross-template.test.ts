import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packTar } from '../support/pack-tar.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { ofPlatform, readRemote } from './image-reader.ts';
import { sharedEnvironment } from './project.ts';

/*
 * Projects of docker-multiarch-builder as they are: a Dockerfile.cross, and a build.config that its build.sh would read.
 */

/** Of no name that Docker Hub has; the registry stands in for it. */
const BASE = 'polyarch-test-base';
const TEMPLATE = `FROM __BASEIMAGE_ARCH__/${BASE}

__CROSS_COPY qemu-__QEMU_ARCH__-static /usr/bin/
RUN ls /usr/bin | grep qemu > /emulators; uname -m > /machine; true
CMD ["cat", "/from", "/machine", "/emulators"]
`;
const PLATFORMS = 'linux/amd64,linux/arm64,linux/arm/v7';

const environment = sharedEnvironment({});
let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
  const dockerfile = 'FROM busybox\nARG FROM\nRUN echo "$FROM" > /from && mkdir -p /usr/bin\n';
  environment().write({ 'base/Dockerfile': dockerfile });
  for (const [user, platform] of [
    ['library', PLATFORMS],
    ['arm64v8', 'linux/arm64'],
  ] as const) {
    const name = ['-t', `${registry.host}/${user}/${BASE}`, '--push'];
    await environment().polyarch(['build', '--platform', platform, '--build-arg', `FROM=${user}`, ...name, 'base']);
  }
});
afterAll(() => registry.close());

const polyarch = (args: readonly string[]) =>
  environment().polyarch(args, {
    allowFailure: true,
    env: { POLYARCH_REGISTRY_MIRRORS: `docker.io=http://${registry.host}` },
  });

async function runs(image: string, platform: string): Promise<string[]> {
  const { stdout, stderr, code } = await polyarch(['run', '--platform', platform, image]);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim().split('\n');
}

describe('Dockerfile.cross', () => {
  test('with a build.config: its platforms and name, bases for one architecture or of all', async () => {
    const folder = 'project';
    environment().write({
      [`${folder}/Dockerfile.cross`]: TEMPLATE,
      [`${folder}/build.config`]: `REPO="${registry.host}/demo"\nIMAGE_NAME="cross"\nIMAGE_VERSION=""\nTARGET_ARCHES="amd64 arm32v7 arm64v8"\n`,
      [`${folder}/qemu-arm-static`]: '#!/bin/sh\n',
    });
    const result = await polyarch(['build', '-f', `${folder}/Dockerfile.cross`, '--push', folder]);
    expect([result.code, result.stderr]).toEqual([
      0,
      expect.stringContaining(
        `build.config gives --platform linux/amd64,linux/arm/v7,linux/arm64 -t ${registry.host}/demo/cross:latest`,
      ),
    ]);
    const image = `${registry.host}/demo/cross:latest`;
    const pushed = await readRemote(registry.host, 'demo/cross', 'latest');
    expect(pushed.images.map((one) => one.platform)).toEqual(['linux/amd64', 'linux/arm/v7', 'linux/arm64/v8']);
    // The emulator that is there is copied, natively nothing; the one that is not there is said and left out.
    expect(await runs(image, 'linux/amd64')).toEqual(['library', 'x86_64']);
    expect(await runs(image, 'linux/arm/v7')).toEqual(['library', 'armv7l', 'qemu-arm-static']);
    expect(await runs(image, 'linux/arm64')).toEqual(['arm64v8', 'aarch64']);
    expect(result.stderr).toContain('Dockerfile.cross:3: qemu-aarch64-static is not in the context and is left out');
    expect(result.stderr).not.toContain('qemu-arm-static is not in');
    expect(result.stderr).toContain(`${BASE}:latest for linux/arm/v7 is taken instead`);
    expect(result.stderr).not.toContain(`arm64v8/${BASE}:latest is not`);
    const steps = ofPlatform(pushed, 'linux/amd64').config.history.map((entry) => entry.created_by ?? '');
    expect(steps.filter((step) => step.includes('qemu-'))).toEqual([]);
  });

  test('of a context that is fetched, what its build.config would give is said', async () => {
    const listed = ['build', '--call', 'targets', '-f', 'Dockerfile.cross'];
    const input = packTar([
      { path: 'Dockerfile.cross', type: 'file', text: 'FROM __BASEIMAGE_ARCH__/busybox\n' },
      { path: 'build.config', type: 'file', text: 'IMAGE_NAME=x\nTARGET_ARCHES="arm64v8"\n' },
    ]).toString('latin1');
    const { stderr } = await environment().polyarch([...listed, '-'], { input });
    expect(stderr).toContain('is not used: give --platform linux/arm64 -t x:latest');
  });

  test('flags go before build.config', async () => {
    const args = ['-f', 'project/Dockerfile.cross', '--platform', 'linux/arm64', '-t', 'mine:1', 'project'];
    const { code, stderr } = await polyarch(['build', ...args]);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('build.config')]);
    expect(stderr).toContain('(linux/arm64)');
    expect(stderr).toContain('polyarch run mine:1');
  });

  test('without a build.config it is for this machine, and lines for foreign platforms are none', async () => {
    environment().write({
      'bare/Dockerfile.cross': `FROM __BASEIMAGE_ARCH__/${BASE}\n__CROSS_RUN exit 1\nRUN exit 3\n`,
    });
    const args = ['-f', 'bare/Dockerfile.cross', '--platform', 'linux/amd64', 'bare'];
    const native = process.arch === 'x64';
    const { code, stderr } = await polyarch(['build', ...args]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(native ? 'Dockerfile.cross:3' : 'Dockerfile.cross:2')]);
  });

  test('a build.config that only a shell could read is told, and not needed beside the flags', async () => {
    environment().write({
      'shell/Dockerfile.cross': `FROM __BASEIMAGE_ARCH__/${BASE}\n`,
      'shell/build.config': 'IMAGE_NAME=x\nIMAGE_VERSION=$(git describe)\nTARGET_ARCHES="amd64"\n',
    });
    const args = ['build', '-f', 'shell/Dockerfile.cross'];
    const { code, stderr } = await polyarch([...args, 'shell']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('build.config:2: IMAGE_VERSION')]);
    expect((await polyarch([...args, '-t', 'x', 'shell'])).code).toBe(0);
  });
});

test('a Dockerfile for one architecture that copies its emulator is built as it stands', async () => {
  environment().write({
    'plain/Dockerfile.arm64v8': `FROM arm64v8/${BASE}\nCOPY qemu-aarch64-static /usr/bin/\nRUN uname -m > /machine\n`,
    'plain/qemu-aarch64-static': 'x',
  });
  const build = (...more: string[]) =>
    polyarch(['build', '--platform', 'linux/arm64', '-f', 'plain/Dockerfile.arm64v8', '-o', 'plain-out', ...more]);
  expect((await build('plain')).code).toBe(0);
  environment().write({ 'empty/': '' });
  const missing = await build('empty');
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('[COPY_SOURCE_NOT_FOUND]')]);
});
