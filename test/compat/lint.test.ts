import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildkitdMissing, type RunningBuildkitd, startBuildkitd } from '../../scripts/buildkitd.ts';
import { RULES, type RuleName } from '../../src/dockerfile/lint/rules.ts';
import {
  fixtureRegistry,
  temporaryFolder,
  testEnvironment,
  writeFiles,
  type TestEnvironment,
} from '../support/environment.ts';
import { fillDigests } from './fill-digests.ts';
import { cases, type LintCase } from './lint-cases.ts';
import { openRecorded, type Recorded } from './recorded.ts';

/* What BuildKit's rules find in each Dockerfile, and what it says of its targets, against a real buildkitd. */

const missing = buildkitdMissing();
const stack = new AsyncDisposableStack();
let sides:
  | { polyarch: TestEnvironment; buildkitd: () => Promise<RunningBuildkitd>; recorded: Recorded; root: string }
  | undefined;

beforeAll(async () => {
  if (missing !== undefined) return void console.warn(`skipped: ${missing}`);
  const mirror = await fixtureRegistry('busybox', 'alpine');
  const root = stack.use(temporaryFolder()).path;
  const polyarch = stack.use(testEnvironment({ mirror }));
  let started: Promise<RunningBuildkitd> | undefined;
  const start = async (): Promise<RunningBuildkitd> =>
    stack.use(await startBuildkitd({ folder: join(root, 'buildkit'), mirror }));
  const buildkitd = (): Promise<RunningBuildkitd> => (started ??= start());
  sides = { polyarch, buildkitd, recorded: openRecorded('busybox', 'alpine'), root };
});
afterAll(() => stack.disposeAsync());

function contextOf(one: LintCase): { folder: string; polyarch: string[]; buildctl: string[] } {
  const folder = join(sides?.root ?? '', one.name.replaceAll(/\W+/g, '-'));
  mkdirSync(folder, { recursive: true });
  writeFiles(folder, {
    Dockerfile: fillDigests(one.dockerfile),
    ...(one.ignore === undefined ? {} : { '.dockerignore': one.ignore }),
  });
  const args = Object.entries(one.args ?? {});
  return {
    folder,
    polyarch: [
      ...args.flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      ...(one.target === undefined ? [] : ['--target', one.target]),
    ],
    buildctl: [
      ...args.flatMap(([name, value]) => ['--opt', `build-arg:${name}=${value}`]),
      ...(one.target === undefined ? [] : ['--opt', `target=${one.target}`]),
    ],
  };
}

/** The part of BuildKit's answer that counts, asked for anew where an answer kept from before is not what `ours` is. */
async function theirs(
  request: string,
  one: LintCase,
  { ours, of }: { ours: string; of: (text: string) => string[] },
): Promise<string[]> {
  if (sides === undefined) throw new Error('the sides are made before the cases');
  const { recorded } = sides;
  const answer = async (fresh: boolean): Promise<string[]> =>
    of(await recorded.answer([request, one], { ask: () => ask(request, one), fresh }));
  const kept = await answer(false);
  return isDeepStrictEqual(of(ours), kept) ? kept : await answer(true);
}

async function ask(request: string, one: LintCase): Promise<string> {
  if (sides === undefined) throw new Error('the sides are made before the cases');
  const { folder, buildctl } = contextOf(one);
  const locals = ['context', 'dockerfile'].flatMap((name) => ['--local', `${name}=${folder}`]);
  const argv = [
    'build',
    '--progress',
    'plain',
    '--frontend',
    'dockerfile.v0',
    ...locals,
    '--opt',
    `requestid=${request}`,
  ];
  return (await (await sides.buildkitd()).buildctl([...argv, ...buildctl])).stdout;
}

async function call(method: string, one: LintCase): Promise<string> {
  if (sides === undefined) throw new Error('the sides are made before the cases');
  const { folder, polyarch } = contextOf(one);
  const result = await sides.polyarch.polyarch(['build', `--call=${method}`, ...polyarch, folder], {
    allowFailure: true,
  });
  return result.stdout;
}

/** `LINE Rule: text`, sorted, each once. */
function findings(text: string): string[] {
  const blocks = text.split(/^WARNING: /m).slice(1);
  const found = blocks.map((block) => {
    const [head = '', detail = ''] = block.split('\n');
    const rule = head.split(' - ', 1)[0] ?? '';
    const line = /^Dockerfile:(\d+)$/m.exec(block)?.[1] ?? 'no line';
    return { rule, text: `${line} ${rule}: ${detail}` };
  });
  const buildkits = found.filter(({ rule }) => RULES[rule as RuleName]?.owner !== 'polyarch'); // a name that is not there is no rule
  return [...new Set(buildkits.map((one) => one.text))].toSorted();
}

const found = new Set<string>();
let looked = 0;

describe.skipIf(missing !== undefined).concurrent('lint', () => {
  it.each(cases)('$name', async (one) => {
    const ours = await call('check', one);
    for (const [, rule = ''] of ours.matchAll(/^WARNING: (\w+)/gm)) found.add(rule);
    looked++;
    expect(findings(ours)).toEqual(await theirs('frontend.lint', one, { ours, of: findings }));
  });
});

it('shows every rule of BuildKit’s', (context) => {
  if (looked < cases.length) return context.skip('not every case ran');
  const rules = Object.entries(RULES).filter(([, rule]) => rule.owner !== 'polyarch');
  expect(rules).toHaveLength(22);
  return expect(rules.map(([name]) => name).filter((name) => !found.has(name))).toEqual([]);
});

const asked: readonly LintCase[] = [
  { name: 'outline of one stage', dockerfile: 'FROM busybox\n' },
  {
    name: 'outline with global arguments',
    dockerfile:
      '# A is the first\nARG A=1\nARG B=${A}2\nARG C\nARG UNUSED=x\nFROM busybox:${C:-latest} AS one\nARG B\nARG TARGETOS\n' +
      '# D is local\nARG D=$B\nARG E\n',
    args: { E: 'given' },
  },
  {
    name: 'outline of what a target needs',
    dockerfile:
      '# base does it\nFROM busybox AS base\nARG IN_BASE=1\nRUN --mount=type=secret,id=one true\nFROM busybox AS other\nARG IN_OTHER\n' +
      'FROM busybox AS unused\nARG IN_UNUSED=1\nFROM base AS last\nARG OWN=$IN_BASE\nCOPY --from=other /a /a\n' +
      'RUN --mount=type=secret,target=/x/two,required=true --mount=type=ssh --mount=type=ssh,id=three,required true\n',
  },
  {
    name: 'outline of another target',
    dockerfile: 'FROM busybox AS a\nARG A=1\nFROM busybox AS b\nARG B=2\n',
    target: 'a',
  },
];

describe.skipIf(missing !== undefined).concurrent('outline and targets', () => {
  // The lines of a part stand in BuildKit's order of the day.
  const words = (text: string): string[] =>
    text.split(/\n\s*\n/).flatMap((part) =>
      part
        .split('\n')
        .map((line) => line.trim().replaceAll(/\s+/g, ' '))
        .toSorted(),
    );
  it.each(asked)('$name', async (one) => {
    for (const method of ['outline', 'targets']) {
      const ours = await call(method, one);
      expect(words(ours)).toEqual(await theirs(`frontend.${method}`, one, { ours, of: words }));
    }
  });
});
