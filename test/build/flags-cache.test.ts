import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProgram } from '../../scripts/process.ts';
import { fixtureRegistry, requireProgram, run, testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { startRegistry } from '../support/registry.ts';
import { readRemote } from './image-reader.ts';
import { succeed, TWO } from './project.ts';

let proxy: FaultProxy;
let environment: TestEnvironment;
beforeAll(async () => {
  proxy = await startFaultProxy(await fixtureRegistry('busybox'));
  environment = testEnvironment({ mirror: proxy.host, keepWorkers: true });
});
afterAll(async () => {
  await environment[Symbol.asyncDispose]();
  await proxy.close();
});

interface Vertex {
  readonly digest: string;
  readonly name: string;
  readonly started?: string;
  readonly completed?: string;
  readonly cached?: boolean;
}

/** Builds and gives each vertex as it ended. */
async function build(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const result = await environment.polyarch(['build', '--progress=rawjson', ...args, '.'], { env, allowFailure: true });
  succeed(result);
  const vertices = new Map<string, Vertex>();
  for (const line of result.stderr.split('\n')) {
    if (!line.startsWith('{')) continue;
    const { vertexes = [] } = JSON.parse(line) as { vertexes?: Vertex[] };
    for (const vertex of vertexes) vertices.set(vertex.digest, { ...vertices.get(vertex.digest), ...vertex });
  }
  const all = [...vertices.values()];
  const named = (pattern: RegExp): Vertex[] => all.filter(({ name }) => pattern.test(name));
  const ran = (pattern: RegExp): boolean[] =>
    named(pattern).map((vertex) => vertex.started !== undefined && vertex.cached !== true);
  return { all, named, ran };
}

const at = (name: string): string => join(environment.folder, name);
const blobs = (): number => proxy.count(/^GET .*\/blobs\//);

describe('the cache', () => {
  test('a $BUILDPLATFORM stage runs once for three platforms', async () => {
    environment.write({
      Dockerfile: `FROM --platform=$BUILDPLATFORM busybox AS native
RUN cat /proc/sys/kernel/random/uuid > /when
FROM --platform=$BUILDPLATFORM native AS cross
ARG TARGETARCH
RUN echo $TARGETARCH > /arch
FROM busybox
COPY --from=native /when /when
COPY --from=cross /arch /arch
`,
    });
    const { named, ran } = await build(['--platform', `${TWO},linux/arm/v7`, '-o', 'shared']);
    expect(named(/random.uuid/)).toHaveLength(1);
    expect(ran(/echo \$?TARGETARCH|echo a/)).toEqual([true, true, true]);
    const of = (file: string) =>
      ['linux_amd64', 'linux_arm64', 'linux_arm_v7'].map((name) =>
        readFileSync(join(at('shared'), name, file), 'utf8'),
      );
    expect(new Set(of('when')).size).toBe(1);
    expect(of('arch')).toEqual(['amd64\n', 'arm64\n', 'arm\n']);
  });

  test('a second build starts nothing at all', async (context) => {
    environment.write({
      'again.Dockerfile': 'FROM busybox\nCOPY *.Dockerfile /d/\nRUN echo again > /again\nRUN uname -m > /m\n',
    });
    const args = [
      '-f',
      'again.Dockerfile',
      '--platform',
      TWO,
      '-t',
      'again:1',
      '-o',
      'type=oci,dest=again.tar',
      '-o',
      'type=image',
    ];
    await build(args);
    // PATH without crun, unshare, newuidmap, QEMU: a worker could not even start.
    const bare = at('bin');
    mkdirSync(bare);
    for (const name of ['sh', 'find', 'readlink', 'env']) symlinkSync(findProgram(name) ?? '', join(bare, name));
    const { all } = await build(args, { PATH: bare });
    expect(all.filter(({ name }) => /RUN|COPY/.test(name)).map(({ cached }) => cached)).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
    ]);
    const strace = requireProgram(context, 'strace');
    const log = at('strace.log');
    const program = join(import.meta.dirname, '../../bin/polyarch');
    const command = [
      strace,
      '-f',
      '-qq',
      '-e',
      'trace=execve,clone,unshare,mount',
      '-o',
      log,
      program,
      'build',
      ...args,
      '.',
    ];
    const { code } = await run(command, { cwd: environment.folder, env: environment.env, allowFailure: true });
    expect(code).toBe(0);
    const lines = readFileSync(log, 'utf8').split('\n');
    expect(lines.filter((line) => /unshare|crun|runc|newuidmap|mount\(|worker/.test(line))).toEqual([]);
  });

  test('is asked before base images are pulled', async () => {
    environment.write({ 'lazy.Dockerfile': 'FROM busybox\nRUN echo lazy > /lazy\n' });
    await using registry = await startRegistry();
    const push = ['-f', 'lazy.Dockerfile', '-t', `${registry.host}/lazy:1`, '--push'];
    await build(push);
    // Without the base's bytes and its files the step's result is still known.
    rmSync(join(environment.home, 'content'), { recursive: true });
    const before = blobs();
    const { ran } = await build(['-f', 'lazy.Dockerfile', '-o', 'type=cacheonly']);
    expect(ran(/RUN/)).toEqual([false]);
    // The base's config is read; its layer is not.
    expect(blobs() - before).toBeLessThanOrEqual(1);
  });

  test('a layer that no step reads is not unpacked: metadata only, and pushed', async () => {
    using fresh = testEnvironment({ mirror: proxy.host });
    await using registry = await startRegistry();
    fresh.write({ Dockerfile: 'FROM busybox\nENV ONLY=metadata\nCMD ["true"]\n' });
    await fresh.polyarch(['build', '--platform', TWO, '-t', `${registry.host}/meta:1`, '--push', '.']);
    const image = await readRemote(registry.host, 'meta', '1');
    expect(image.images.map((one) => one.layers.length)).toEqual([1, 1]);
    expect(existsSync(join(fresh.home, 'snapshots')) ? readdir(join(fresh.home, 'snapshots')) : []).toEqual([]);
  });

  test('counts what files hold, not when they were written', async () => {
    environment.write({ 'touch.Dockerfile': 'FROM busybox\nCOPY touched /t\nRUN cat /t > /copy\n', touched: 'same' });
    await build(['-f', 'touch.Dockerfile', '-o', 'type=cacheonly']);
    environment.write({ touched: 'same' });
    expect((await build(['-f', 'touch.Dockerfile', '-o', 'type=cacheonly'])).ran(/RUN cat/)).toEqual([false]);
    environment.write({ touched: 'other' });
    expect((await build(['-f', 'touch.Dockerfile', '-o', 'touched-out'])).ran(/RUN cat/)).toEqual([true]);
    expect(readFileSync(join(at('touched-out'), 'copy'), 'utf8')).toBe('other');
  });

  test('a step whose inputs came out the same is not run again', async () => {
    environment.write({
      'same.Dockerfile':
        'FROM busybox AS a\nARG X\nRUN : $X; echo same > /same\nFROM busybox\nCOPY --from=a /same /same\nRUN cat /same\n',
    });
    await build(['-f', 'same.Dockerfile', '--build-arg', 'X=1', '-o', 'type=cacheonly']);
    const { ran } = await build(['-f', 'same.Dockerfile', '--build-arg', 'X=2', '-o', 'type=cacheonly']);
    expect([ran(/echo same/), ran(/RUN cat/)]).toEqual([[true], [false]]);
  });

  test('two builds at once run a step once', async () => {
    environment.write({ 'twice.Dockerfile': 'FROM busybox\nRUN sleep 1; cat /proc/sys/kernel/random/uuid > /when\n' });
    const both = ['one', 'two'].map((name) => build(['-f', 'twice.Dockerfile', '-o', `twice-${name}`]));
    await Promise.all(both);
    const [one, two] = ['one', 'two'].map((name) => readFileSync(join(at(`twice-${name}`), 'when'), 'utf8'));
    expect(one).toBe(two);
  });
});

describe('flags', () => {
  const STAGES =
    'FROM busybox AS one\nRUN cat /proc/sys/kernel/random/uuid > /one\nFROM busybox AS two\nRUN cat /proc/sys/kernel/random/uuid > /two\nFROM scratch\nCOPY --from=one /one /\nCOPY --from=two /two /\n';
  const times = async (...flags: string[]) => {
    environment.write({ 'stages.Dockerfile': STAGES });
    await build(['-f', 'stages.Dockerfile', '-o', 'stages', ...flags]);
    return ['one', 'two'].map((name) => readFileSync(join(at('stages'), name), 'utf8'));
  };

  test('--no-cache runs all, --no-cache-filter the stages it names', async () => {
    const [one, two] = await times();
    expect(await times()).toEqual([one, two]);
    const [filteredOne, filteredTwo] = await times('--no-cache-filter', 'two');
    expect([filteredOne, filteredTwo === two]).toEqual([one, false]);
    expect(await times()).toEqual([one, filteredTwo]);
    const all = await times('--no-cache');
    expect([all[0] === one, all[1] === filteredTwo]).toEqual([false, false]);
    expect(await times()).toEqual(all);
  });

  test('--pull asks the registry although the image is local', async () => {
    environment.write({
      'local.Dockerfile': 'FROM busybox\nRUN echo local > /local\n',
      'uses.Dockerfile': 'FROM busybox\nRUN test ! -e /local\n',
    });
    await build(['-f', 'local.Dockerfile', '-t', 'busybox']);
    const { code } = await environment.polyarch(['build', '-f', 'uses.Dockerfile', '.'], { allowFailure: true });
    expect(code).toBe(1);
    await build(['-f', 'uses.Dockerfile', '--pull']);
  });
});

function readdir(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('.'));
}
