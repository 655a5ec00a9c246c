import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { ofPlatform, readRemote } from './image-reader.ts';
import { sharedEnvironment } from './project.ts';

/* Flags that hold for some platforms only, and placeholders in their values. */

const THREE = 'linux/amd64,linux/arm64,linux/arm/v7';
const FOLDERS = ['linux_amd64', 'linux_arm64', 'linux_arm_v7'];
const environment = sharedEnvironment({});
let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.close());

const read = (...parts: string[]): string => readFileSync(join(environment().folder, ...parts), 'utf8');

async function build(files: Readonly<Record<string, string>>, args: readonly string[]) {
  environment().write(files);
  return environment().polyarch(['build', '--progress=plain', '--platform', THREE, ...args, '.'], {
    allowFailure: true,
  });
}

/** What the build left in the file `out` of each platform. */
async function outOf(files: Readonly<Record<string, string>>, args: readonly string[]) {
  const result = await build(files, [...args, '-o', 'out']);
  if (result.code !== 0) throw new Error(result.stderr);
  return { outs: FOLDERS.map((folder) => read('out', folder, 'out').trim()), stderr: result.stderr };
}

describe('for one platform', () => {
  test('a Dockerfile with its ignore file, in one index with the others’; what they share runs once', async () => {
    const native = 'FROM --platform=$BUILDPLATFORM busybox AS native\nRUN echo shared > /shared && echo ran-natively\n';
    const rest = 'FROM busybox\nCOPY --from=native /shared /shared\nCOPY . /context/\n';
    const image = `${registry.host}/demo/several`;
    const result = await build(
      {
        Dockerfile: `${native}${rest}CMD ["common"]\n`,
        'Dockerfile.small': `${native}${rest}CMD ["small"]\n`,
        'Dockerfile.small.dockerignore': '*\n!kept\n',
        kept: 'x',
        other: 'x',
      },
      ['-f', 'linux/arm=Dockerfile.small', '-f', 'Dockerfile', '-t', `${image}:1`, '--push'],
    );
    expect(result.stderr.match(/^#\d+ \S+ ran-natively$/gm)).toHaveLength(1);
    const pushed = await readRemote(registry.host, 'demo/several', '1');
    const platforms = ['linux/amd64', 'linux/arm64/v8', 'linux/arm/v7'];
    expect(pushed.images.map((one) => one.platform)).toEqual(platforms);
    const commands = platforms.map((platform) => ofPlatform(pushed, platform).config.config.Cmd);
    expect(commands).toEqual([['common'], ['common'], ['small']]);
    const ran = await environment().polyarch(['run', '--platform', 'linux/arm/v7', `${image}:1`, 'ls', '/context']);
    expect(ran.stdout).toBe('kept\n');
    const again = await build({}, ['-f', 'linux/arm/v7=Dockerfile.small']);
    expect([again.code, again.stderr]).toEqual([0, expect.not.stringMatching(/^#\d+ \S+ ran-natively$/m)]);
  });

  test('a Dockerfile by a placeholder, and one on stdin', async () => {
    const file = (text: string) => `FROM scratch\nCOPY <<out /out\n${text} $TARGETARCH\nout\n`;
    environment().write({ 'by/arm.Dockerfile': 'FROM scratch\nCOPY <<out /out\narm\nout\n' });
    const { outs } = await outOf({ 'by/amd64.Dockerfile': file('amd64'), 'by/arm64.Dockerfile': file('arm64') }, [
      '-f',
      'by/{arch}.Dockerfile',
    ]);
    expect(outs).toEqual(['amd64', 'arm64', 'arm']);
    const stdin = await environment().polyarch(
      ['build', '--platform', THREE, '-f', 'by/{arch}.Dockerfile', '-f', 'linux/arm64=-', '-o', 'stdin', '.'],
      { input: 'FROM scratch\nCOPY <<out /out\non stdin\nout\n' },
    );
    expect([stdin.code, read('stdin/linux_arm64/out'), read('stdin/linux_amd64/out')]).toEqual([
      0,
      'on stdin\n',
      'amd64 \n',
    ]);
  });

  test('a stage, a build argument and a label', async () => {
    const dockerfile = `FROM busybox AS base
ARG JOBS=1
ARG WHERE
RUN echo "$JOBS $WHERE" > /jobs
FROM scratch AS small
COPY --from=base /jobs /out
FROM scratch AS full
COPY --from=base /jobs /out
COPY --from=base /jobs /more
`;
    const args = ['--target', 'full', '--target', 'linux/arm/v7=small', '--label', 'of={platform}'];
    const values = ['JOBS=8', 'linux/arm=JOBS=2', 'linux/arm64/v8=JOBS=4', 'WHERE=at {arch}{variant} {"json":{}}'];
    const { outs } = await outOf({ Dockerfile: dockerfile }, [
      ...args,
      ...values.flatMap((value) => ['--build-arg', value]),
    ]);
    expect(outs).toEqual(['8 at amd64 {"json":{}}', '4 at arm64 {"json":{}}', '2 at armv7 {"json":{}}']);
    expect(read('out/linux_arm64/more')).toContain('4');
    expect(() => read('out/linux_arm_v7/more')).toThrow('ENOENT');
    await build({}, [...args, '--label', 'linux/arm64=only', '-t', `${registry.host}/demo/labels`, '--push']);
    const image = await readRemote(registry.host, 'demo/labels', 'latest');
    const labels = ['linux/amd64', 'linux/arm64/v8', 'linux/arm/v7'].map(
      (platform) => ofPlatform(image, platform).config.config.Labels,
    );
    expect(labels).toEqual([{ of: 'linux/amd64' }, { of: 'linux/arm64', only: '' }, { of: 'linux/arm/v7' }]);
  });

  test('a folder of binaries that something else made, copied and mounted into the build', async () => {
    const dockerfile = `FROM busybox AS used
COPY --from=bin /tool /copied
RUN --mount=type=bind,from=bin,target=/bin-of cat /bin-of/tool /copied > /out
FROM scratch
COPY --from=used /out /out
`;
    const { outs } = await outOf(
      {
        Dockerfile: dockerfile,
        'rel/amd64/tool': 'for amd64\n',
        'rel/arm64/tool': 'for arm64\n',
        'rel/armv7/tool': 'for armv7\n',
      },
      ['--build-context', 'bin=rel/{arch}{variant}'],
    );
    expect(outs).toEqual(['amd64', 'arm64', 'armv7'].map((name) => `for ${name}\nfor ${name}`));
    const other = await outOf({ 'elsewhere/tool': 'x\n' }, [
      '--build-context',
      'linux/arm64=bin=elsewhere',
      '--build-context',
      'bin=rel/{arch}{variant}',
    ]);
    expect(other.outs).toEqual(['for amd64\nfor amd64', 'x\nx', 'for armv7\nfor armv7']);
    const missing = await build({}, ['--build-context', 'bin=rel/{platform}']);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('rel/linux_amd64')]);
  });

  test('a secret: a native stage that reads it runs for each value, and no value is told', async () => {
    const dockerfile = `FROM --platform=$BUILDPLATFORM busybox AS native
RUN --mount=type=secret,id=key --mount=type=secret,id=same,env=SAME cat /run/secrets/key > /out && echo "$SAME" >> /out && echo read-it
FROM scratch
COPY --from=native /out /out
`;
    const files = { Dockerfile: dockerfile, common: 'for-all', 'special-arm64': 'for-arm64', same: 'same' };
    const { outs, stderr } = await outOf(files, [
      '--secret',
      'linux/arm64=id=key,src=special-{arch}',
      '--secret',
      'id=key,src=common',
      '--secret',
      'id=same,src=same',
    ]);
    expect(outs).toEqual(['for-allsame', 'for-arm64same', 'for-allsame']);
    expect(stderr.match(/^#\d+ \S+ read-it$/gm)).toHaveLength(2);
    expect(stderr).not.toMatch(/for-all|for-arm64/);
    const missing = await build(files, ['--secret', 'id=key,src=special-{arch}', '--secret', 'id=same,src=same']);
    expect(missing.stderr).toContain('special-amd64');
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('[SECRET_MISSING]')]);
  });
});

describe('what cannot be', () => {
  test.each([
    ['a platform that is not built', ['--build-arg', 'linux/s390x=A=hidden'], 'PLATFORM_NOT_BUILT'],
    ['a platform that nobody knows', ['-f', 'linux/amr64=Dockerfile'], 'UNKNOWN_PLATFORM'],
    ['a placeholder that nobody knows', ['-f', 'Dockerfile.{cpu}'], 'UNKNOWN_PLACEHOLDER'],
    ['a Dockerfile that is not there', ['-f', 'linux/arm/v7=None.{arch}'], 'DOCKERFILE_NOT_FOUND'],
    ['a stage that is not there', ['--target', 'linux/arm64=nowhere'], 'STAGE_NOT_FOUND'],
  ])('%s', async (_name, args, code) => {
    const { code: status, stderr } = await build({ Dockerfile: 'FROM busybox\n' }, args);
    expect([status, stderr]).toEqual([1, expect.stringContaining(`[${code}]`)]);
    expect(stderr).not.toContain('hidden');
    // What is under way for the other platforms ends quietly.
    expect(stderr.trim().split('\n').length).toBeLessThan(4);
  });

  test('a stage of --no-cache-filter is looked for in all files', async () => {
    const files = {
      Dockerfile: 'FROM scratch AS mine\n',
      'Dockerfile.other': 'FROM busybox AS other\nRUN echo again\n',
    };
    const args = (stage: string) => [
      '-f',
      'Dockerfile',
      '-f',
      'linux/amd64=Dockerfile.other',
      '--no-cache-filter',
      stage,
    ];
    for (const stage of ['mine', 'OTHER', 'mine,other']) expect((await build(files, args(stage))).code).toBe(0);
    expect((await build(files, args('none'))).stderr).toContain('[STAGE_NOT_FOUND]');
  });

  test('a step that fails shows the lines of its own platform’s file', async () => {
    const { code, stderr } = await build(
      {
        Dockerfile: 'FROM scratch\n',
        'Dockerfile.bad': '# one\n# two\nFROM busybox\nRUN echo broken here && exit 3\n',
      },
      ['-f', 'Dockerfile', '-f', 'linux/arm64=Dockerfile.bad'],
    );
    expect(code).toBe(1);
    expect(stderr).toContain('Dockerfile.bad:4');
    expect(stderr).toMatch(/4 \|.*RUN echo broken here/);
  });
});
