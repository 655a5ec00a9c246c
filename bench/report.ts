import { cpus, release, totalmem } from 'node:os';
import { projectFolder } from '../scripts/fixtures.ts';
import { run } from '../scripts/process.ts';
import type { Workload } from './workloads.ts';

/** What one contender needed for one workload. */
export interface Result {
  /** Median, in seconds. */
  readonly seconds: number;
  /** Peak of the first run, in bytes. */
  readonly memory?: number;
}

export interface Row {
  readonly workload: Pick<Workload<never>, 'name' | 'memory'>;
  /** By contender's name. */
  readonly results: ReadonlyMap<string, Result | Error>;
}

/** A table. */
export interface Suite {
  readonly title: string;
  readonly about: string;
  readonly rows: readonly Row[];
  readonly contenders: readonly { readonly name: string; readonly version: string }[];
  /** The contender that the factors are of. Default `polyarch`. */
  readonly base?: string;
  /** What is missing, and why. */
  readonly left: readonly string[];
}

/** docs/benchmarks.md; tables without rows are left out. */
export async function report(suites: readonly Suite[]): Promise<string> {
  const commit = (
    await run(['git', '-C', projectFolder, 'rev-parse', '--short', 'HEAD'], { allowFailure: true })
  ).stdout.trim();
  const lines = [
    '# Benchmarks',
    '',
    'Made by `npm run bench`. Seconds are medians; the factor after a peer is how many times as long as polyarch it took',
    '(above 1: polyarch is faster). All contenders ran in turn, round by round, on one machine, against local registries.',
    '',
    `- ${new Date().toISOString().slice(0, 10)}, commit ${commit}`,
    `- ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`,
    ...suites.filter(({ rows }) => rows.length > 0).flatMap((suite) => ['', ...table(suite)]),
  ];
  return `${lines.join('\n')}\n`;
}

function table({ title, about, rows, contenders, left, base = 'polyarch' }: Suite): readonly string[] {
  const header = ['', ...contenders.map((one) => one.name)];
  const lines = [
    `## ${title}`,
    '',
    about,
    '',
    `- ${contenders.map((one) => `${one.name} ${one.version}`).join(', ')}`,
    ...left.map((reason) => `- left out: ${reason}`),
    '',
    `| ${header.join(' | ')} |`,
    `|${header.map(() => '---').join('|')}|`,
  ];
  const digits = base === 'polyarch' ? 1 : 2;
  for (const { workload, results } of rows) {
    const own = results.get(base);
    const cells = contenders.map(({ name }) =>
      cell(
        results.get(name),
        own,
        (one) => one.seconds,
        (value) => `${value.toFixed(2)} s`,
        digits,
      ),
    );
    lines.push(`| ${workload.name} | ${cells.join(' | ')} |`);
    if (workload.memory !== true) continue;
    const peaks = contenders.map(({ name }) =>
      cell(
        results.get(name),
        own,
        (one) => one.memory,
        (value) => `${Math.round(value / 2 ** 20)} MiB`,
        digits,
      ),
    );
    lines.push(`| its peak memory, all processes | ${peaks.join(' | ')} |`);
  }
  return lines;
}

function cell(
  result: Result | Error | undefined,
  own: Result | Error | undefined,
  value: (result: Result) => number | undefined,
  show: (value: number) => string,
  digits: number,
): string {
  if (result === undefined) return '';
  if (result instanceof Error) return 'failed';
  const measured = value(result);
  if (measured === undefined) return '';
  const base = own === undefined || own instanceof Error ? undefined : value(own);
  return base === undefined || own === result
    ? show(measured)
    : `${show(measured)} (${(measured / base).toFixed(digits)}×)`;
}
