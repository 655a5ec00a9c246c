import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { buildkitdMissing, type RunningBuildkitd, startBuildkitd } from '../../scripts/buildkitd.ts';
import { openEmulatedNamespace } from '../../scripts/emulated-namespace.ts';
import { fixtureRegistry, skip, temporaryFolder, testEnvironment } from '../support/environment.ts';
import { type Outcome, prepareBuilds, type Sides } from './builders.ts';
import type { CompatCase } from './case.ts';
import { compareImages, failedLines } from './compare.ts';
import { differences, type Difference } from './differences.ts';
import { openRecorded, type Recorded } from './recorded.ts';
import { startServed } from './serve.ts';

/*
 * Each case of cases/ is built by polyarch and by one buildkitd, and the two images are compared.
 * A difference is a failure unless differences.ts has it.
 */

const topics = await Promise.all(
  readdirSync(join(import.meta.dirname, 'cases'))
    .toSorted()
    .map(async (file) => {
      const { cases } = (await import(pathToFileURL(join(import.meta.dirname, 'cases', file)).href)) as {
        cases: readonly CompatCase[];
      };
      return { topic: file.replace(/\.ts$/, ''), cases };
    }),
);

const missing = buildkitdMissing();
const began = Math.floor(Date.now() / 1000);
const shown = new Set<Difference>();
let sides: Sides | undefined;
let recorded: Recorded | undefined;
let root = '';
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  if (missing !== undefined) return;
  const mirror = await fixtureRegistry('busybox', 'alpine');
  root = stack.use(temporaryFolder()).path;
  const served = stack.use(await startServed(join(root, 'served')));
  const polyarch = stack.use(testEnvironment({ mirror, keepWorkers: true }));
  const start = async (name: string, enter: (argv: readonly string[]) => string[]): Promise<RunningBuildkitd> =>
    stack.use(await startBuildkitd({ folder: join(root, name), mirror, enter }));
  // A user namespace costs setuid bits and some ids, so only foreign platforms are built in one.
  const own = ['unshare', '--mount', '--cgroup', '--propagation', 'private'];
  const startEmulating = async (): Promise<RunningBuildkitd | string> => {
    try {
      const namespace = stack.use(await openEmulatedNamespace());
      return await start('emulating', (argv) => namespace.enter(argv));
    } catch (error) {
      return String(error);
    }
  };
  recorded = openRecorded('busybox', 'alpine');
  sides = {
    polyarch,
    buildkitd: once(() => start('buildkit', (argv) => [...own, ...argv])),
    emulating: once(startEmulating),
    fill: served.fill,
    unfill: served.unfill,
    agent: startAgent(join(root, 'agent')),
    began,
  };
});

afterAll(() => stack.disposeAsync());

function once<T>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined;
  return () => (started ??= start());
}

/** An ssh agent with one key, ended with the tests. */
function startAgent(socket: string): string {
  const started = spawnSync('ssh-agent', ['-a', socket], { encoding: 'utf8' });
  const pid = /SSH_AGENT_PID=(\d+)/.exec(started.stdout)?.[1];
  if (pid !== undefined) stack.defer(() => void process.kill(Number(pid)));
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'compat', '-f', `${socket}.key`]);
  spawnSync('ssh-add', ['-q', `${socket}.key`], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  return socket;
}

/** How the two outcomes of a case differ, a line each. */
function compare(one: CompatCase, buildkit: Outcome, polyarch: Outcome): string[] {
  const wanted = one.expect ?? 'success';
  if ('failed' in buildkit !== (wanted === 'failure'))
    throw new Error(`BuildKit: ${'failed' in buildkit ? buildkit.failed : 'no failure, though the case expects one'}`);
  if ('failed' in buildkit) {
    if (!('failed' in polyarch)) return ['BuildKit fails, polyarch does not', buildkit.failed];
    const [theirs, ours] = [failedLines(buildkit.failed), failedLines(polyarch.failed)];
    if (polyarch.failed.includes('internal error')) return [polyarch.failed];
    // Where BuildKit shows several places, one of them is enough.
    if (theirs.length === 0 || (ours.length > 0 && ours.every((place) => theirs.includes(place)))) return [];
    return [
      `buildkit fails at line ${theirs.join()}, polyarch at ${ours.join() || 'none'}\n${buildkit.failed}\n${polyarch.failed}`,
    ];
  }
  if ('failed' in polyarch) return [`polyarch fails, BuildKit does not: ${polyarch.failed}`];
  expect(Object.keys(buildkit.images).length).toBeGreaterThan(0);
  const [theirs, ours] = [buildkit.ran, polyarch.ran].map((names) => names.toSorted().join(', '));
  return [
    ...compareImages(buildkit.images, polyarch.images),
    ...(theirs === ours ? [] : [`buildkit ran ${theirs || 'nothing'}, polyarch ${ours || 'nothing'}`]),
  ];
}

let ran = 0;

async function check(one: CompatCase, topic: string, context: TestContext): Promise<void> {
  if (sides === undefined || recorded === undefined) throw new Error('the sides are made before the cases');
  const answers = recorded;
  const folder = join(root, topic, one.name.replaceAll(/\W+/g, '-'));
  const builds = await prepareBuilds(one, folder, sides);
  const polyarch = await builds.polyarch();
  const unexplained = async (fresh: boolean): Promise<string[]> => {
    const ask = async (): Promise<Outcome> => {
      const outcome = await builds.buildkit();
      return 'unable' in outcome ? skip(context, outcome.unable) : outcome;
    };
    const buildkit = await answers.answer(one, { ask, fresh });
    return compare(one, buildkit, polyarch).filter((line) => {
      const known = differences.find(
        ({ lines, cases }) => lines?.test(line) === true && cases?.includes(one.name) !== false,
      );
      if (known !== undefined) shown.add(known);
      return known === undefined;
    });
  };
  let lines = await unexplained(false);
  if (lines.length > 0) lines = await unexplained(true);
  ran++;
  if (lines.length > 0) throw new Error(lines.join('\n'));
}

for (const { topic, cases } of topics)
  describe.skipIf(missing !== undefined).concurrent(`${topic}`, () => {
    it.for(cases)('$name', (one, context) => check(one, topic, context));
  });

it('shows every difference that is listed with lines', (context) => {
  if (missing !== undefined) return skip(context, missing);
  if (ran < topics.reduce((sum, { cases }) => sum + cases.length, 0)) return context.skip('not every case ran');
  return expect(differences.filter((one) => one.lines !== undefined && !shown.has(one))).toEqual([]);
});
