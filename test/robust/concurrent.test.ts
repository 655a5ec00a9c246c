import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixtureRegistry, testEnvironment } from '../support/environment.ts';
import { expectNothingLeft } from './machine.ts';

/* Several polyarch processes with one store at the same time. */

let mirror = '';
beforeAll(async () => {
  mirror = await fixtureRegistry('busybox');
}, 60_000);

/** The lines that steps wrote to cache mounts: cache mounts outlive the builds, so every run of a step shows. */
function cacheLines(home: string): string[] {
  const folder = join(home, 'cache-mounts');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('log'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
    .toSorted();
}

describe('four builds of one Dockerfile at once', () => {
  it('run each step once and give one digest', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({
      Dockerfile: `
FROM busybox AS shared
COPY file /file
RUN --mount=type=cache,target=/cache sleep 0.2; echo "$(uname -m) one" >> /cache/log; echo one > /one
FROM busybox
COPY --from=shared /one /one
RUN --mount=type=cache,target=/cache --mount=type=bind,target=/context sleep 0.2; echo "$(uname -m) two" >> /cache/log; cat /context/file /one > /two
RUN --mount=type=cache,target=/locked,sharing=locked [ ! -e /locked/held ] || exit 1; touch /locked/held; sleep 0.1; rm /locked/held
`,
      file: 'content\n',
    });
    const results = await Promise.all(
      [1, 2, 3, 4].map(async (n) => {
        const args = [
          'build',
          '--platform=linux/amd64,linux/arm64',
          `--metadata-file=${n}.json`,
          '-t',
          `app:${n}`,
          '.',
        ];
        const { stderr } = await environment.polyarch(args, { env: { SOURCE_DATE_EPOCH: '1700000000' } });
        const metadata = JSON.parse(readFileSync(join(environment.folder, `${n}.json`), 'utf8'));
        return { digest: metadata['containerimage.digest'], stderr };
      }),
    );
    expect(new Set(results.map(({ digest }) => digest)).size).toBe(1);
    expect(cacheLines(environment.home)).toEqual(['aarch64 one', 'aarch64 two', 'x86_64 one', 'x86_64 two']);
    await expectNothingLeft(environment);
  });

  it('that fail, fail all', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM busybox\nRUN sleep 0.2; exit 7\n' });
    const results = await Promise.all(
      [1, 2, 3, 4].map(() => environment.polyarch(['build', '.'], { allowFailure: true })),
    );
    for (const { code, stderr } of results) {
      expect(code).toBe(1);
      expect(stderr).toContain('exit code: 7');
    }
    await expectNothingLeft(environment);
  });
});

describe('a prune', () => {
  it('beside builds harms none of them', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({
      Dockerfile: `FROM busybox
ARG N
RUN echo $N > /n; sleep 0.1
RUN --mount=type=cache,target=/cache echo $N >> /cache/log; cp /n /m
`,
    });
    const building = new AbortController();
    const prunes: number[] = [];
    const pruning = (async () => {
      while (!building.signal.aborted) {
        const { code, stderr } = await environment.polyarch(['prune', '--all', '--force'], { allowFailure: true });
        expect(code, stderr).toBe(0);
        prunes.push(code);
      }
    })();
    const builder = async (n: number) => {
      for (let round = 0; round < 3; round++) {
        const text = `${n}-${round}`;
        await environment.polyarch([
          'build',
          '--build-arg',
          `N=${text}`,
          '-t',
          `app:${n}`,
          '-o',
          `type=local,dest=out-${n}`,
          '.',
        ]);
        expect(readFileSync(join(environment.folder, `out-${n}/m`), 'utf8')).toBe(`${text}\n`);
      }
    };
    try {
      await Promise.all([builder(1), builder(2)]);
    } finally {
      building.abort();
      await pruning;
    }
    expect(prunes.length).toBeGreaterThan(0);
    await expectNothingLeft(environment);
  });
});
