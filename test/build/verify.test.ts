import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/environment.ts';
import { elfFile } from '../support/elf-file.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { ofPlatform, readRemote, remoteTags } from './image-reader.ts';
import { TWO, sharedEnvironment } from './project.ts';

/* What is looked at and tried out before anything leaves a build, and platforms that it may go without. */

const environment = sharedEnvironment({});
let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
  const program = (name: string, bytes: Buffer) => {
    const file = join(environment().folder, 'programs', name);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, bytes, { mode: 0o755 });
  };
  const wide = { wide: true, little: true };
  program('amd64', elfFile({ ...wide, machine: 62 }));
  program('arm64-loader', elfFile({ ...wide, machine: 183, interpreter: '/lib/ld-linux-aarch64.so.1' }));
  program('386', elfFile({ wide: false, little: true, machine: 3, interpreter: '/lib/ld-linux.so.2' }));
});
afterAll(() => registry.close());

async function build(dockerfile: string, args: readonly string[]) {
  environment().write({ Dockerfile: dockerfile });
  return environment().polyarch(['build', '--progress=plain', ...args, '.'], { allowFailure: true });
}

/** Lines about the architecture of files. */
const told = (stderr: string) => stderr.split('\n').filter((line) => /^(?:warning|note|ERROR| {2}linux\/)/.test(line));

describe('the architecture of what a build adds', () => {
  const DOCKERFILE = `FROM busybox
COPY programs/amd64 /usr/local/bin/app
COPY programs/amd64 /opt/tool
COPY programs/amd64 /opt/linked/program
COPY programs/amd64 /usr/bin/qemu-x86_64-static
COPY programs/amd64 programs/arm64-loader /srv/
COPY programs/amd64 /opt/removed
RUN rm /opt/removed && ln -s /opt/linked/program /usr/local/bin/linked
WORKDIR /srv
ENTRYPOINT ["/bin/sh", "-c", "exec ./amd64"]
`;
  const arm64 = ['--platform', 'linux/arm64', '-t', 'checked'];

  test('a wrong program that is started or on PATH is an error, others are warnings', async () => {
    const failed = await build(DOCKERFILE, [...arm64]);
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('[WRONG_ARCH]')]);
    expect(failed.stderr).toMatch(
      /^ERROR: linux\/arm64: \/usr\/local\/bin\/app is a program for linux\/amd64 \(Dockerfile:2, layer 2 of 9 sha256:[0-9a-f]{12}\)$/m,
    );
    expect(failed.stderr).toMatch(/2 \| >>> COPY programs\/amd64 \/usr\/local\/bin\/app$/m);
    expect((await environment().polyarch(['images', '-q'])).stdout).toBe('');

    const warned = await build(DOCKERFILE, [...arm64, '--arch-check=warn']);
    const lines = told(warned.stderr).map((line) => line.replace(/^warning: linux\/arm64: | \(.*$/g, ''));
    expect([warned.code, lines.toSorted()]).toEqual([
      0,
      [
        '/opt/linked/program is a program for linux/amd64',
        '/opt/tool is a program for linux/amd64',
        '/srv/amd64 is a program for linux/amd64',
        '/srv/arm64-loader needs the loader /lib/ld-linux-aarch64.so.1, which the image does not have',
        '/usr/local/bin/app is a program for linux/amd64',
      ],
    ]);
    // Kept: asked again it says the same. What is an error among it, the failure above tells.
    expect(told((await build(DOCKERFILE, [...arm64, '--arch-check=warn'])).stderr)).toEqual(told(warned.stderr));
    expect(told(failed.stderr).filter((line) => !line.startsWith('warning:'))).toHaveLength(3);
    expect(told((await build(DOCKERFILE, [...arm64, '--arch-check=off'])).stderr)).toEqual([]);
  });

  test('a base of another architecture, which only --platform in the last FROM brings', async () => {
    const { code, stderr } = await build('FROM --platform=$BUILDPLATFORM busybox\nRUN true\n', arm64);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('/bin/busybox is a program for linux/amd64 (of the base'),
    ]);
    expect(stderr).toMatch(/^hint: .*base is for linux\/amd64.*\$BUILDPLATFORM/m);
  });

  test('386 on amd64 with its loader, and without', async () => {
    const file = (loader: string) => `FROM busybox\nCOPY programs/386 /usr/bin/old\nCOPY programs/386 ${loader}\n`;
    const amd64 = ['--platform', 'linux/amd64'];
    const fine = await build(file('/lib/ld-linux.so.2'), amd64);
    expect([fine.code, told(fine.stderr)[0]]).toEqual([
      0,
      expect.stringMatching(/^note: .*\/usr\/bin\/old is a program for linux\/386/),
    ]);
    const lost = await build(file('/lib/other'), amd64);
    expect([lost.code, lost.stderr]).toEqual([
      1,
      expect.stringContaining('/usr/bin/old needs the loader /lib/ld-linux.so.2'),
    ]);
  });

  test('files that are only exported need no loader, and start nothing but what is on PATH', async () => {
    const dockerfile = 'FROM scratch\nCOPY programs/amd64 programs/arm64-loader /\n';
    const args = ['--platform', 'linux/arm64'];
    const { code, stderr } = await build(dockerfile, [...args, '-o', 'out']);
    const warning = /^warning: linux\/arm64: \/amd64 is a program for linux\/amd64 \(Dockerfile:2, layer 1 of 1\)$/;
    expect([code, told(stderr)]).toEqual([0, [expect.stringMatching(warning)]]);
    const onPath = `${dockerfile}COPY programs/amd64 /bin/\n`;
    const tar = await build(onPath, [...args, '-o', 'type=tar,dest=files.tar']);
    expect([tar.code, tar.stderr]).toEqual([1, expect.stringContaining('[WRONG_ARCH]')]);
    expect(existsSync(join(environment().folder, 'files.tar'))).toBe(false);
    const tiers = ['--platform', 'linux/amd64,?linux/arm64', '-o', 'tiers', '-o', 'type=tar,dest=tiers.tar'];
    const optional = await build(onPath, tiers);
    expect([optional.code, optional.stderr]).toEqual([0, expect.stringContaining('WITHOUT linux/arm64\n')]);
    expect(readdirSync(join(environment().folder, 'tiers'))).toEqual(['linux_amd64']);
    const listed = await run(['tar', '-tf', join(environment().folder, 'tiers.tar')]);
    expect(listed.stdout.split('\n').filter((name) => name.endsWith('/amd64'))).toEqual([
      'linux_amd64/amd64',
      'linux_amd64/bin/amd64',
    ]);
  });
});

describe('tests before a push', () => {
  const DOCKERFILE = `FROM busybox
RUN head -c 1000 /dev/urandom > /data && uname -m > /machine
ENV GREETING=hello
USER 1000
ENTRYPOINT ["echo", "entry"]
`;

  test('what is pushed is what was tested; each test runs on its platforms, as the image says', async () => {
    const name = `${registry.host}/tested/app:1`;
    const args = ['--platform', TWO, '-t', name, '--push'];
    const { code, stderr } = await build(DOCKERFILE, [
      ...args,
      '--test',
      'sha256sum /data && test "$GREETING $(id -u)" = "hello 1000"',
      '--test',
      'linux/arm64=test "$(cat /machine) $(uname -m)" = "aarch64 aarch64"',
      '--test',
      '["test", "$(id -u)", "=", "$(id -u)"]',
    ]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('[linux/arm64 test 3/3]')]);
    expect(stderr).toContain('[linux/amd64 test 2/2]');
    const sums = stderr.match(/[0-9a-f]{64} {2}\/data$/gm)?.toSorted();
    const pulled = await environment().polyarch([
      'test',
      '--pull=always',
      '--progress=plain',
      name,
      'sha256sum',
      '/data',
    ]);
    expect(pulled.stderr).toMatch(/passed on linux\/amd64, linux\/arm64\n$/);
    expect(pulled.stderr.match(/[0-9a-f]{64} {2}\/data$/gm)?.toSorted()).toEqual(sums);
    const { digest } = await readRemote(registry.host, 'tested/app', '1');
    // A test changes nothing of the image.
    await build(DOCKERFILE, [...args.slice(0, 2), '-t', `${registry.host}/tested/app:2`, '--push']);
    expect((await readRemote(registry.host, 'tested/app', '2')).digest).toBe(digest);
  });

  test('a failing test moves no tag and writes no file, and tells its platform, status and output', async () => {
    const args = [
      '--platform',
      TWO,
      '-t',
      `${registry.host}/failed/app:1`,
      '--push',
      '-o',
      'type=oci,dest=failed.tar',
      '-o',
      'type=docker',
    ];
    const tests = ['--test', 'true', '--test', 'linux/arm64=echo broken here; exit 7', '--test', 'echo bad; exit 2'];
    const { code, stderr } = await build(DOCKERFILE, [...args, ...tests]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /------\nbad\n------\nERROR: the test "echo bad; exit 2" on linux\/amd64 failed with exit status 2$/m,
    );
    expect(stderr).toMatch(
      /^ {2}the test "echo broken here; exit 7" on linux\/arm64 failed with exit status 7 \[TEST_FAILED\]$/m,
    );
    expect(await remoteTags(registry.host, 'failed/app')).toEqual([]);
    expect((await environment().polyarch(['images'])).stdout).not.toContain('failed/app');
    expect(() => readFileSync(join(environment().folder, 'failed.tar'))).toThrow('ENOENT');
  });

  test('a test that does not end is ended', async () => {
    const args = ['--platform', 'linux/amd64', '-o', 'type=cacheonly', '--test', 'sleep 600', '--test-timeout', '2s'];
    const { code, stderr } = await build(DOCKERFILE, args);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('"sleep 600" on linux/amd64 did not end within 2 s [TEST_TIMEOUT]'),
    ]);
  });

  test('with the entry point, without a shell, and on a platform that is not built', async () => {
    const amd64 = ['--platform', 'linux/amd64', '-o', 'type=cacheonly'];
    const kept = await build(DOCKERFILE, [
      ...amd64,
      '--test-entrypoint',
      '--test',
      '["and", "more"]',
      '--test',
      'and more',
    ]);
    expect([kept.code, kept.stderr]).toEqual([0, expect.stringMatching(/ entry and more$/m)]);
    expect(kept.stderr).toMatch(/ entry \/bin\/sh -c and more$/m);
    const shell = await build('FROM scratch\nCOPY programs/amd64 /app\n', [...amd64, '--test', '/app']);
    expect([shell.code, shell.stderr]).toEqual([
      1,
      expect.stringMatching(/could not start: \/bin\/sh is not in the image.*\n*hint: .*JSON/),
    ]);
    const slip = await build(DOCKERFILE, [...amd64, '--test', 'linux/arm64=true']);
    expect([slip.code, slip.stderr]).toEqual([1, expect.stringContaining('[PLATFORM_NOT_BUILT]')]);
  });
});

describe('optional platforms', () => {
  const DOCKERFILE = `FROM busybox
COPY --from=programs amd64* /usr/local/bin/
RUN test "$(uname -m)" != aarch64
CMD ["true"]
`;
  const platforms = [
    '--platform',
    'linux/amd64,?linux/arm64,?linux/arm/v7,?linux/ppc64le',
    '--platform',
    '?linux/loong64',
  ];
  const contexts = ['--build-context', 'programs=empty', '--build-context', 'linux/ppc64le=programs=programs'];
  const tests = ['--test', 'true', '--test', 'linux/arm=echo not here; exit 9'];
  const args = [...platforms, ...contexts, ...tests, '--metadata-file', 'metadata.json'];
  const left = {
    'linux/arm64/v8': 'STEP_FAILED',
    'linux/arm/v7': 'TEST_FAILED',
    'linux/ppc64le': 'WRONG_ARCH',
    'linux/loong64': 'NO_MATCHING_PLATFORM',
  };
  const missing = Object.keys(left)
    .map((name) => name.replace('/v8', ''))
    .toSorted();

  test('that fail leave an index that says so, and a warning at the end; --strict makes it a failure', async () => {
    environment().write({ 'empty/amd64-not': '' });
    const name = `${registry.host}/tiers/app:1`;
    const { code, stderr } = await build(DOCKERFILE, [...args, '-t', name, '--push', '-q']);
    const last = stderr.trimEnd().split('\n').slice(-6);
    expect([code, last[0]]).toEqual([0, expect.stringMatching(/^WARNING: .*WITHOUT linux\//)]);
    for (const platform of missing) expect(last.slice(1, 5).join('\n')).toContain(`  ${platform}: `);
    const { index, images } = await readRemote(registry.host, 'tiers/app', '1');
    expect(images.map(({ platform }) => platform)).toEqual(['linux/amd64']);
    expect(index?.annotations).toEqual({ 'dev.polyarch.missing-platforms': missing.join(',') });
    const metadata = JSON.parse(readFileSync(join(environment().folder, 'metadata.json'), 'utf8'));
    const entries: { platform: string; code: string; error: string }[] = metadata['dev.polyarch.missing-platforms'];
    expect(Object.fromEntries(entries.map((entry) => [entry.platform, entry.code]))).toEqual(
      Object.fromEntries(Object.entries(left).map(([platform, why]) => [platform.replace('/v8', ''), why])),
    );
    const strict = await build(DOCKERFILE, [...args, '--strict', '-t', `${registry.host}/tiers/app:2`, '--push']);
    expect([strict.code, strict.stderr]).toEqual([1, expect.stringContaining('[NO_MATCHING_PLATFORM]')]);
    expect(await remoteTags(registry.host, 'tiers/app')).toEqual(['1']);
    expect(ofPlatform(await readRemote(registry.host, 'tiers/app', '1'), 'linux/amd64').config.config.Cmd).toEqual([
      'true',
    ]);
  });

  test('none of which works, and a required one that fails, are failures', async () => {
    const all = await build(DOCKERFILE, [
      '--platform',
      '?linux/arm64,?linux/loong64',
      '--build-context',
      'programs=empty',
    ]);
    expect([all.code, all.stderr]).toEqual([1, expect.stringMatching(/^hint: every platform is optional/m)]);
    const required = await build(DOCKERFILE, [
      '--platform',
      'linux/arm64,?linux/amd64',
      '--build-context',
      'programs=empty',
    ]);
    expect([required.code, required.stderr]).toEqual([1, expect.stringContaining('[STEP_FAILED]')]);
  });

  test('a folder has each platform’s place, though only one is left', async () => {
    const { code } = await build('FROM busybox\nRUN test "$(uname -m)" = x86_64\n', [
      '--platform',
      'linux/amd64,?linux/arm64',
      '-o',
      'type=local,dest=split',
    ]);
    expect([code, readFileSync(join(environment().folder, 'split/linux_amd64/bin/busybox')).length > 0]).toEqual([
      0,
      true,
    ]);
  });
});
