import { mkdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { run } from '../scripts/process.ts';
import type { BenchBuild, Contender } from './contender.ts';

/** What is timed, and what is done before each time without being timed. */
export interface Workload<C = Contender> {
  readonly name: string;
  readonly runs: number;
  readonly prepare?: (contender: C) => Promise<void>;
  /** Prepare before every run, not only before the first. */
  readonly prepareEach?: boolean;
  /** `round` is -1 for the one that is not timed. */
  run(contender: C, round: number): Promise<void>;
  /** Also watch how much memory it takes. */
  readonly memory?: boolean;
}

const three = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];
const two = ['linux/amd64', 'linux/arm64'];
const one = ['linux/amd64'];

/** Writes the contexts below `folder`; `registry` is where results are pushed. */
export async function makeWorkloads(folder: string, registry: string): Promise<Workload[]> {
  const context = (name: string, dockerfile: readonly string[]): string => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
    return path;
  };
  const steps = context('steps', ['FROM busybox', 'RUN echo 1 > /1', 'RUN echo 2 > /2', 'RUN echo 3 > /3']);
  const small = context('small', [
    'FROM --platform=$BUILDPLATFORM busybox AS shared',
    'RUN echo shared > /shared',
    'FROM busybox',
    'WORKDIR /app',
    'COPY --from=shared /shared .',
    'COPY file .',
    'RUN uname -m > machine',
  ]);
  writeFileSync(join(small, 'file'), 'content\n');

  const large = context('large', ['FROM scratch', 'ADD data.tar /']);
  mkdirSync(join(large, 'data'));
  // 100 MB that gzip cannot shrink, in files of 1 MB.
  for (let index = 0; index < 100; index++) writeFileSync(join(large, 'data', `file-${index}`), randomBytes(1_000_000));
  await run(['tar', '-C', large, '-cf', join(large, 'data.tar'), 'data']);
  const reader = context('reader', [
    `FROM ${registry}/bench/large:1`,
    'COPY --from=busybox /bin/busybox /busybox',
    'RUN ["/busybox", "true"]',
  ]);

  const files = context('files', [
    'FROM busybox',
    'RUN --mount=type=bind,target=/in mkdir /out && tar -xf /in/files.tar -C /out',
  ]);
  const tree = join(folder, 'tree');
  writeTree(tree, 20_000);
  await run(['tar', '-C', tree, '-cf', join(files, 'files.tar'), '.']);

  const wide = context('wide', ['FROM busybox', 'COPY tree /tree', 'RUN true']);
  writeTree(join(wide, 'tree'), 10_000);

  const pushTo = (contender: Contender, name: string): string => `${registry}/bench/${contender.name}-${name}:1`;
  const stepsBuild = (contender: Contender): BenchBuild => ({
    context: steps,
    platforms: two,
    push: pushTo(contender, 'steps'),
  });
  const smallBuild = (contender: Contender): BenchBuild => ({
    context: small,
    platforms: three,
    push: pushTo(contender, 'small'),
  });
  const builds: readonly (Omit<Workload, 'run'> & { build(contender: Contender, round: number): BenchBuild })[] = [
    {
      name: 'three steps, two platforms, no cache, push',
      runs: 7,
      build: (c) => ({ ...stepsBuild(c), noCache: true }),
    },
    { name: 'the same, fully cached, push', runs: 9, prepare: warm(stepsBuild), build: stepsBuild },
    {
      name: 'small build, three platforms, no cache, push',
      runs: 7,
      build: (c) => ({ ...smallBuild(c), noCache: true }),
    },
    { name: 'the same, fully cached, push', runs: 9, prepare: warm(smallBuild), build: smallBuild },
    {
      name: 'pull and unpack a 100 MB layer',
      runs: 5,
      prepare: (c) => c.prune(),
      prepareEach: true,
      build: () => ({ context: reader, platforms: one }),
    },
    {
      name: 'make, export and push 20,000 files',
      runs: 5,
      memory: true,
      build: (c, round) => ({ context: files, platforms: one, noCache: true, push: `${pushTo(c, 'files')}-${round}` }),
    },
    {
      name: '10,000-file context, nothing changed',
      runs: 7,
      prepare: warm(() => ({ context: wide, platforms: one })),
      build: () => ({ context: wide, platforms: one }),
    },
  ];
  return builds.map(({ build, ...rest }) => ({
    ...rest,
    run: (contender, round) => contender.build(build(contender, round)),
  }));
}

/** Runs the build once before it is timed, so that everything is cached. */
function warm(build: (contender: Contender) => BenchBuild): (contender: Contender) => Promise<void> {
  return (contender) => contender.build(build(contender));
}

/** The image that the pull row reads, pushed once by whichever builder is at hand. */
export async function pushLarge(folder: string, options: { registry: string; builder: Contender }): Promise<void> {
  await options.builder.build({
    context: join(folder, 'large'),
    platforms: one,
    push: `${options.registry}/bench/large:1`,
  });
}

function writeTree(folder: string, count: number): void {
  for (let index = 0; index < count; index++) {
    const part = join(folder, `d${Math.floor(index / 100)}`);
    if (index % 100 === 0) mkdirSync(part, { recursive: true });
    writeFileSync(join(part, `f${index}`), `file ${index}\n`.repeat(1 + (index % 40)));
  }
}
