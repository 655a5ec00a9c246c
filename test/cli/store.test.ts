import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { account, expectFailure, start, TWO } from './account.ts';

const { environment, cli, out } = account({
  Dockerfile: `FROM busybox AS tools
RUN head -c 300000 /dev/urandom > /big
FROM busybox
COPY Other /Other
COPY --from=tools /big /copied
RUN --mount=type=cache,target=/cache echo x >> /cache/file && wc -l < /cache/file > /count
CMD ["cat", "/count"]
`,
  Other: 'FROM busybox\nRUN echo other > /other\n',
});

interface Usage {
  readonly rows: readonly {
    readonly id: string;
    readonly type: string;
    readonly size: number;
    readonly reclaimable: boolean;
  }[];
  readonly totals: Readonly<Record<string, number>>;
  readonly reclaimable: number;
  readonly total: number;
}

const usage = async (): Promise<Usage> => JSON.parse(await out('du', '--format', 'json')) as Usage;
const build = (...args: string[]): Promise<string> => out('build', '-q', '--platform', TWO, '-t', 'app', ...args, '.');
/** Cached steps and those that ran of a build. */
async function steps(...args: string[]): Promise<{ cached: number; ran: number }> {
  const { stderr } = await cli('build', '--progress=plain', '--platform', TWO, '-t', 'app', ...args, '.');
  return { cached: stderr.match(/^#\d+ CACHED$/gm)?.length ?? 0, ran: stderr.match(/^#\d+ DONE/gm)?.length ?? 0 };
}

beforeEach(async () => {
  await build();
});

describe('du', () => {
  test('what takes space, by kind, with totals that add up', async () => {
    const { rows, totals, total, reclaimable } = await usage();
    expect(new Set(rows.map(({ type }) => type))).toEqual(
      new Set(['image', 'layer', 'blob', 'cache-mount', 'context', 'emulator']),
    );
    expect(rows.find(({ type }) => type === 'image')?.reclaimable).toBe(false);
    expect(Object.values(totals).reduce((a, b) => a + b, 0)).toBe(total);
    expect(reclaimable).toBe(total - (totals['images'] ?? 0));
    expect(totals['images']).toBeGreaterThan(600_000);
    expect(rows.map(({ size }) => size)).toEqual(rows.map(({ size }) => size).toSorted((a, b) => b - a));
    const table = await out('du');
    expect(table).toMatch(/^ID +TYPE +RECLAIMABLE +SIZE +LAST USED +DESCRIPTION\n/);
    expect(table).toMatch(/\nReclaimable: +[\d.]+MB\nTotal: +[\d.]+MB\n$/);
  });
});

describe('prune', () => {
  test('without flags: what no local image is made of; the next build finds the rest', async () => {
    await out('build', '-q', '-f', 'Other', '.');
    const before = await usage();
    const dry = await out('prune', '--dry-run');
    expect(dry).toMatch(/1 image without a name\n[\s\S]*Total that would be reclaimed: .*B of/);
    expect((await usage()).total).toBe(before.total);
    expect(await out('prune', '-f')).toMatch(/Total reclaimed space: .*B of/);
    const after = await usage();
    expect(after.total).toBeLessThan(before.total);
    expect(after.rows.some(({ type }) => type === 'cache-mount')).toBe(true);
    expect(await out('images', '--format', '{{.Repository}}')).toBe('app\n');
    // The last steps are still cached, and nothing else is needed for them.
    expect((await steps()).ran).toBeLessThanOrEqual(5);
    expect(await out('run', '--platform', 'linux/arm64', 'app')).toMatch(/^\d+\n$/);
    expect(await out('prune', '-f')).toContain('Total reclaimed space: ');
  });

  test('-a: the whole cache; images stay and run, and the next build works', async () => {
    await out('prune', '-a', '-f');
    const { rows, totals } = await usage();
    expect(new Set(rows.map(({ type }) => type))).toEqual(new Set(['image']));
    expect(totals['cache']).toBe(0);
    expect(readdirSync(join(environment().home, 'locks'))).toEqual(['store']);
    expect(await out('run', 'app')).toMatch(/^\d+\n$/);
    expect((await steps()).cached).toBe(0);
    expect((await steps()).cached).toBeGreaterThan(3);
    expect(await out('run', 'app')).toBe('1\n');
  });

  test('an image that was removed leaves nothing behind a prune -a', async () => {
    await out('rmi', 'app');
    await out('prune', '-a', '-f');
    expect((await usage()).total).toBe(0);
    expect(readdirSync(join(environment().home, 'content/blobs/sha256'))).toEqual([]);
  });

  test('--filter until: only what was not used for that long', async () => {
    const packs = join(environment().home, 'accel/packs');
    for (const [name, hours] of [
      ['used', 1],
      ['unused', 30],
    ] as const) {
      mkdirSync(join(packs, name, 'root'), { recursive: true });
      writeFileSync(join(packs, name, 'root/tool'), 'x'.repeat(100_000));
      const time = new Date(Date.now() - hours * 3_600_000);
      utimesSync(join(packs, name), time, time);
    }
    const { rows } = await usage();
    const found = rows.filter(({ type }) => type === 'pack').map(({ id }) => id);
    expect(found.toSorted()).toEqual(['unused', 'used']);
    await out('prune', '-f', '--filter', 'until=24h');
    expect(readdirSync(packs)).toEqual(['used']);
    expect(await out('prune', '-a', '-f', '--filter', 'until=1h')).not.toContain('result');
    expect((await steps()).cached).toBeGreaterThan(3);
    expectFailure(await cli('prune', '-f', '--filter', 'until=soon'), 1, 'INVALID_ARGUMENT', 'until=24h');
    expectFailure(await cli('prune', '-f', '--filter', 'label=x'), 1, 'INVALID_ARGUMENT');
  });

  test('--max-used-space: the longest unused first, and only as much as it takes', async () => {
    await out('build', '-q', '-f', 'Other', '-t', 'other', '.');
    const before = await usage();
    expect(await out('prune', '-f', '--max-used-space', String(before.total))).not.toContain('result');
    const { total } = await usage();
    const dry = await out('prune', '--dry-run', '--keep-storage', String(total - 1000));
    expect(dry).toMatch(/^\d+ results? of the build cache$/m);
    await out('prune', '-f', '--max-used-space', '3MB');
    expect((await usage()).total).toBeLessThanOrEqual(3 * 1024 * 1024);
    expect(await out('run', 'app')).toMatch(/^\d+\n$/);
    expect((await cli('build', '-q', '-f', 'Other', '.')).code).toBe(0);
  });

  test('asks first', async () => {
    const ask = (input: string) => environment().polyarch(['prune', '-a'], { input, allowFailure: true });
    const no = await ask('n\n');
    expect(no.stderr).toContain('Are you sure you want to continue? [y/N]');
    expectFailure(no, 1, 'NOT_CONFIRMED');
    expectFailure(await ask(''), 1, 'NOT_CONFIRMED', 'give -f');
    expectFailure(await cli('prune'), 1, 'NOT_CONFIRMED');
    expect((await ask('y\n')).stdout).toContain('Total reclaimed space');
  });

  test('waits for builds that run, and builds wait for it', async () => {
    environment().write({ Slow: 'FROM busybox\nRUN echo started; sleep 3; echo slow > /slow\n' });
    const slow = start(environment(), ['build', '--progress=plain', '--no-cache', '-f', 'Slow', '-t', 'slow', '.']);
    for (let i = 0; i < 200 && !slow.output().includes('started'); i++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const pruned = await cli('prune', '-a', '-f');
    expect(pruned.stderr).toContain('waiting for other polyarch processes to end');
    expect(await slow.ended).toMatchObject({ code: 0 });
    expect(await out('run', 'slow', 'cat', '/slow')).toBe('slow\n');
  });
});

test('rmi keeps what the build cache needs', async () => {
  await out('rmi', 'app');
  expect((await steps()).cached).toBeGreaterThan(3);
  expect(existsSync(join(environment().home, 'state.db'))).toBe(true);
});
