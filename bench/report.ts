import { cpus, release, totalmem } from 'node:os';
import { projectFolder } from '../scripts/fixtures.ts';
import { run } from '../scripts/process.ts';
import type { Contender } from './contender.ts';
import type { Workload } from './workloads.ts';

/** What one contender needed for one workload. */
export interface Result {
  /** Median, in seconds. */
  readonly seconds: number;
  /** Peak of the first run, in bytes. */
  readonly memory?: number;
}

export interface Row {
  readonly workload: Workload;
  /** By contender's name. */
  readonly results: ReadonlyMap<string, Result | Error>;
}

/** docs/benchmarks.md. */
export async function report(
  rows: readonly Row[],
  options: { contenders: readonly Contender[]; left: readonly string[]; ownDisks: boolean },
): Promise<string> {
  const { contenders, left, ownDisks } = options;
  const commit = (
    await run(['git', '-C', projectFolder, 'rev-parse', '--short', 'HEAD'], { allowFailure: true })
  ).stdout.trim();
  const header = ['', ...contenders.map((one) => one.name)];
  const lines = [
    '# Benchmarks',
    '',
    'Made by `npm run bench`. Seconds are medians; the factor after a peer is how many times as long as polyarch it took',
    '(above 1: polyarch is faster). All contenders ran in turn, round by round, on one machine, against one local registry;',
    `buildkitd was warm, with QEMU registered in a namespace of its own, polyarch has no daemon. Each store lay on ${ownDisks ? 'an ext4 of its own' : 'the same disk'}.`,
    '',
    `- ${new Date().toISOString().slice(0, 10)}, commit ${commit}`,
    `- ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`,
    `- ${contenders.map((one) => `${one.name} ${one.version}`).join(', ')}`,
    ...left.map((reason) => `- left out: ${reason}`),
    '',
    `| ${header.join(' | ')} |`,
    `|${header.map(() => '---').join('|')}|`,
  ];
  for (const { workload, results } of rows) {
    const own = results.get('polyarch');
    const cells = contenders.map(({ name }) =>
      cell(
        results.get(name),
        own,
        (one) => one.seconds,
        (value) => `${value.toFixed(2)} s`,
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
      ),
    );
    lines.push(`| its peak memory, all processes | ${peaks.join(' | ')} |`);
  }
  return `${lines.join('\n')}\n`;
}

function cell(
  result: Result | Error | undefined,
  own: Result | Error | undefined,
  value: (result: Result) => number | undefined,
  show: (value: number) => string,
): string {
  if (result === undefined || result instanceof Error) return 'failed';
  const measured = value(result);
  if (measured === undefined) return '';
  const base = own === undefined || own instanceof Error ? undefined : value(own);
  return base === undefined || own === result ? show(measured) : `${show(measured)} (${(measured / base).toFixed(1)}×)`;
}
