import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  fixtureRegistry,
  projectFolder,
  requireProgram,
  run,
  skip,
  type TestEnvironment,
  testEnvironment,
} from '../support/environment.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { registryMissing, startRegistry } from '../support/registry.ts';
import { expectNothingLeft, leftovers, machineState, processesWith, workerOf } from './machine.ts';
import { startPolyarch } from './start-build.ts';

/*
 * Builds that are interrupted or killed at any moment: the machine is as before, and the next build with the same
 * store gives the image that an undisturbed one gives.
 */

let mirror = '';
let digest = '';
/** A step’s output, not its name. */
const UP = /^#\d+ \d+\.\d+ up$/m;
const EPOCH = { SOURCE_DATE_EPOCH: '1700000000' };
const PLATFORMS = 'linux/amd64,linux/arm64,linux/arm/v7';
const ARGS = [
  'build',
  '--progress=plain',
  '--platform',
  PLATFORMS,
  '-o',
  'type=oci,dest=out.tar,rewrite-timestamp=true',
  '--metadata-file=out.json',
  '.',
];

/** A word in the steps' command lines, to find their processes by. */
const word = `w${randomUUID().slice(0, 8)}`;

function buildEnvironment(): TestEnvironment {
  const environment = testEnvironment({ mirror });
  environment.write({
    Dockerfile: `
FROM busybox AS tools
RUN --mount=type=cache,target=/cache sleep 0.1; echo ${word} >> /cache/log; mkdir -p /opt/d && echo tool > /opt/d/tool
FROM busybox
COPY files /files
RUN : ${word}; uname -m > /arch; rm /files/gone; mkdir /new && echo a > /new/a; sleep 0.1
COPY --from=tools /opt /opt
RUN : ${word}; sleep 0.1; cat /opt/d/tool /arch > /all
`,
    'files/kept': 'kept',
    'files/gone': 'gone',
  });
  return environment;
}

function digestOf(environment: TestEnvironment): unknown {
  return JSON.parse(readFileSync(join(environment.folder, 'out.json'), 'utf8'))['containerimage.digest'];
}

beforeAll(async () => {
  mirror = await fixtureRegistry('busybox');
  using environment = buildEnvironment();
  const before = machineState();
  await environment.polyarch(ARGS, { env: EPOCH });
  digest = String(digestOf(environment));
  expect(digest).toMatch(/^sha256:/);
  expect(machineState()).toEqual(before);
  await expectNothingLeft(environment, { words: [word] });
}, 60_000);

/** The next build with the store works and gives the right image. */
async function expectUsable(environment: TestEnvironment, moments: string): Promise<void> {
  await environment.polyarch(ARGS, { env: EPOCH });
  expect(digestOf(environment), moments).toBe(digest);
  await expectNothingLeft(environment, { words: [word] });
}

describe('a signal', () => {
  it.each([
    ['SIGINT', 130, 'to the command'],
    ['SIGINT', 130, 'to all its processes, as a terminal sends it'],
    ['SIGTERM', 143, 'to the command'],
    ['SIGHUP', 129, 'to the command'],
  ] as const)('%s during a step cancels the build with status %i (%s)', async (signal, status, whom) => {
    using environment = buildEnvironment();
    environment.write({ Dockerfile: `FROM busybox\nRUN echo up; sleep 77.${word.slice(1)}1 || sleep 99\n` });
    const before = machineState();
    const build = startPolyarch(environment, ARGS);
    await build.said(UP);
    await sleep(30);
    const asked = Date.now();
    const { pid = 0 } = build.child;
    process.kill(whom === 'to the command' ? pid : -pid, signal);
    const end = await build.ended;
    expect(end, end.stderr).toMatchObject({ code: status, signal: undefined });
    expect(end.stderr).toContain('canceled');
    expect(end.stderr).not.toContain('internal error');
    expect(Date.now() - asked).toBeLessThan(3000);
    expect(machineState()).toEqual(before);
    await expectNothingLeft(environment, { words: [word, word.slice(1)] });
  });

  it('asked twice ends at once', async () => {
    using environment = buildEnvironment();
    environment.write({ Dockerfile: `FROM busybox\nRUN trap "" INT TERM; echo up; : ${word}; sleep 77\n` });
    const before = machineState();
    const build = startPolyarch(environment, ARGS);
    await build.said(UP);
    build.child.kill('SIGINT');
    build.child.kill('SIGINT');
    expect(await build.ended).toMatchObject({ code: 130 });
    await expectNothingLeft(environment, { words: [word], killed: true });
    expect(machineState()).toEqual(before);
  });

  it('at any moment leaves a usable store', async () => {
    using environment = buildEnvironment();
    const before = machineState();
    const moments: string[] = [];
    for (let round = 0; round < 4; round++) {
      const signal = round % 2 === 0 ? 'SIGINT' : 'SIGTERM';
      const build = startPolyarch(environment, ARGS, { env: EPOCH });
      const moment = Math.round(Math.random() * 900);
      moments.push(`${signal} after ${moment} ms`);
      await sleep(moment);
      const asked = Date.now();
      build.child.kill(signal);
      const end = await build.ended;
      expect(Date.now() - asked, moments.join(', ')).toBeLessThan(5000);
      expect([0, 130, 143, undefined], `${moments.join(', ')}: ${end.stderr}`).toContain(end.code);
      expect(end.stderr, moments.join(', ')).not.toContain('internal error');
      // A worker that was just starting may leave its empty folder: the next build takes it away, see expectUsable.
      await expectNothingLeft(environment, { words: [word], killed: true });
    }
    expect(machineState()).toEqual(before);
    await expectUsable(environment, moments.join(', '));
  });
});

describe('kill -9', () => {
  it.each([
    ['the command', 'cli'],
    ['the worker', 'worker'],
    ['both', 'both'],
  ] as const)('of %s at any moment leaves a usable store and nothing running', async (_, whom) => {
    const before = machineState();
    using environment = buildEnvironment();
    const moments: string[] = [];
    for (let round = 0; round < 3; round++) {
      const build = startPolyarch(environment, ARGS, { env: EPOCH });
      const moment = Math.round(100 + Math.random() * 900);
      moments.push(`${whom} after ${moment} ms`);
      await sleep(moment);
      const worker = whom === 'cli' ? undefined : workerOf(environment.home);
      if (worker !== undefined) process.kill(worker, 'SIGKILL');
      if (whom !== 'worker') build.child.kill('SIGKILL');
      const end = await build.ended;
      expect(end.stderr, moments.join(', ')).not.toContain('internal error');
      if (whom === 'worker' && worker !== undefined && end.code !== 0)
        expect(end.stderr, moments.join(', ')).toContain('[WORKER_DIED]');
      await expectNothingLeft(environment, { words: [word], killed: true });
    }
    await expectUsable(environment, moments.join(', '));
    expect(machineState()).toEqual(before);
    expect(processesWith(word)).toEqual([]);
  });

  it('of a container’s runtime ends the container and fails the step', async () => {
    using environment = buildEnvironment();
    environment.write({ Dockerfile: `FROM busybox\nRUN : ${word}; echo up; sleep 66; echo never\n` });
    const build = startPolyarch(environment, ['build', '--progress=plain', '.']);
    await build.said(UP);
    const started = Date.now();
    for (const { pid } of processesWith(`${environment.home}/run/runtime`)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended with the one before it.
      }
    }
    const end = await build.ended;
    expect(end.code).toBe(1);
    expect(end.stderr).toContain('exit code: 137');
    expect(Date.now() - started).toBeLessThan(5000);
    await expectNothingLeft(environment, { words: [word] });
  });

  it('ends the ssh agent of a build, and the next build takes away a context that came on stdin', async (context) => {
    requireProgram(context, 'ssh-keygen');
    requireProgram(context, 'ssh-agent');
    using environment = buildEnvironment();
    const temporary = join(environment.folder, 'tmp');
    environment.write({
      'tmp/': '',
      Dockerfile: `FROM busybox\nRUN --mount=type=ssh : ${word}; test -S "$SSH_AUTH_SOCK" && echo up; sleep 50\n`,
    });
    const make = 'ssh-keygen -q -t ed25519 -N "" -f key && tar -cf context.tar Dockerfile';
    await run(['sh', '-c', make], { cwd: environment.folder });
    const stdin = openSync(join(environment.folder, 'context.tar'), 'r');
    const build = startPolyarch(
      environment,
      ['build', '--progress=plain', '--ssh=default=key', '-o', 'type=cacheonly', '-'],
      { env: { TMPDIR: temporary }, stdin },
    );
    closeSync(stdin);
    await build.said(UP);
    expect(readdirSync(temporary)).toHaveLength(1);
    build.child.kill('SIGKILL');
    await build.ended;
    await expectNothingLeft(environment, { words: [word, temporary], killed: true });
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(join(environment.home, 'tmp'))).not.toEqual([]);
    environment.write({ Dockerfile: 'FROM busybox\nRUN true\n' });
    await run(['sh', '-c', 'tar -c Dockerfile | "$0" build -o type=cacheonly -', join(projectFolder, 'bin/polyarch')], {
      cwd: environment.folder,
      env: environment.env,
    });
    await expectNothingLeft(environment);
  });
});

describe('what killed builds left half-made', () => {
  it('is taken away by the next build that is alone, and never from beside a running one', async () => {
    await using web = await startFaultProxy(mirror);
    web.inject(/tags/, { kind: 'hold-answer', bytes: 1 });
    using environment = buildEnvironment();
    const wait = `: ${word}; echo up; until test -e /cache/on; do sleep 0.1; done`;
    environment.write({
      'running/Dockerfile': `FROM busybox\nRUN --mount=type=cache,target=/cache ${wait}\n`,
      'killed/Dockerfile': `FROM busybox\nADD http://${web.host}/v2/library/busybox/tags/list /f\n`,
      'next/Dockerfile': 'FROM busybox\nRUN true\n',
    });
    const build = (name: string) => ['build', '--progress=plain', '-o', 'type=cacheonly', name];
    // A download that is killed half-way; the rest as those would be that die between two system calls.
    const killed = startPolyarch(environment, build('killed'));
    const half = () => leftovers(environment.home).filter((path) => path.startsWith('sources/http/'));
    while (half().length === 0) await sleep(10);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const planted = ['tmp/git-a/file', 'sources/a.stat.1', 'sources/git/a.git.new/HEAD', 'uploads/a.json.b'];
    planted.push('runtime/seccomp-a.bpf.1', 'content/ingest/a');
    for (const path of planted)
      environment.write({ [relative(environment.folder, join(environment.home, path))]: 'half' });
    const left = leftovers(environment.home);
    expect(left.length).toBeGreaterThan(planted.length);

    const running = startPolyarch(environment, build('running'));
    await running.said(UP);
    await environment.polyarch(build('next'));
    expect(leftovers(environment.home)).toEqual(expect.arrayContaining(half()));
    const mounts = join(environment.home, 'cache-mounts');
    for (const name of readdirSync(mounts)) writeFileSync(join(mounts, name, 'on'), '');
    const end = await running.ended;
    expect(end, end.stderr).toMatchObject({ code: 0 });
    await environment.polyarch(build('next'));
    expect(leftovers(environment.home)).toEqual([]);
  });
});

describe('SIGINT ends at once', () => {
  const canceled = async (build: ReturnType<typeof startPolyarch>) => {
    const asked = Date.now();
    build.child.kill('SIGINT');
    const end = await build.ended;
    expect(end, end.stderr).toMatchObject({ code: 130 });
    expect(end.stderr).not.toContain('internal error');
    expect(Date.now() - asked).toBeLessThan(3000);
  };

  it.each([
    ['a manifest', /\/manifests\//],
    ['a config or layer', /\/blobs\//],
  ])('while a registry keeps it waiting for %s', async (_name, pattern) => {
    await using proxy = await startFaultProxy(mirror);
    using environment = testEnvironment();
    proxy.inject(pattern, { kind: 'delay', milliseconds: 30_000 }, 100);
    environment.write({ Dockerfile: `FROM ${proxy.host}/library/busybox\nRUN true\n` });
    const build = startPolyarch(environment, ['build', '.']);
    while (proxy.count(pattern) === 0) await sleep(10);
    await canceled(build);
    await expectNothingLeft(environment);
  });

  it('while a registry keeps a push waiting, and no tag is set', async (context) => {
    const missing = registryMissing();
    if (missing !== undefined) skip(context, missing);
    await using registry = await startRegistry();
    await using proxy = await startFaultProxy(registry.host);
    using environment = testEnvironment({ mirror });
    proxy.inject(/uploads/, { kind: 'delay', milliseconds: 30_000 }, 100);
    environment.write({ Dockerfile: 'FROM busybox\nRUN true\n' });
    const build = startPolyarch(environment, ['build', '-t', `${proxy.host}/app`, '--push', '.']);
    while (proxy.count(/uploads/) === 0) await sleep(10);
    await canceled(build);
    expect((await fetch(`http://${registry.host}/v2/app/tags/list`)).status).toBe(404);
    await expectNothingLeft(environment);
  });

  it('while another build runs the same step', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: `FROM busybox\nRUN : ${word}; echo up; sleep 30\n` });
    const first = startPolyarch(environment, ['build', '.']);
    await first.said(UP);
    const second = startPolyarch(environment, ['build', '.']);
    await second.said(/waiting for another build/);
    await canceled(second);
    await canceled(first);
    await expectNothingLeft(environment, { words: [word] });
  });

  it('while stdin gives no context', async () => {
    using environment = testEnvironment({ mirror });
    const build = startPolyarch(environment, ['build', '-'], { stdin: 'pipe' });
    await sleep(500);
    await canceled(build);
    await expectNothingLeft(environment);
  });
});
