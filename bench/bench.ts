import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../scripts/fixtures.ts';
import { installTools, toolSets, ToolsMissing } from '../scripts/install-tools.ts';
import { raceAccelerated } from './accelerated.ts';
import { raceBuilds } from './builds.ts';
import { raceCopies } from './copies.ts';
import { report } from './report.ts';

/** `builds`, `copies` and `accelerated`, or what the rows' names have in them; all of it is written to docs/benchmarks.md. */
async function bench(filter: string): Promise<void> {
  try {
    await installTools(toolSets.bench, { log: (line) => console.error(line) });
  } catch (error) {
    if (!(error instanceof ToolsMissing)) throw error;
    console.error(error.message);
  }
  const suites = { builds: raceBuilds, copies: raceCopies, accelerated: raceAccelerated };
  const named = Object.entries(suites).filter(([name]) => name === filter);
  const results = [];
  for (const [, run] of named.length > 0 ? named : Object.entries(suites))
    results.push(await run(named.length > 0 ? '' : filter));
  const text = await report(results);
  console.log(text);
  if (filter === '') writeFileSync(join(projectFolder, 'docs/benchmarks.md'), text);
}

// In a mount namespace of its own, so that the disks are gone with the last process whatever happens.
const again = 'POLYARCH_BENCH_MOUNTS';
if (process.getuid?.() === 0 && process.env[again] === undefined) {
  const { status } = spawnSync('unshare', ['--mount', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [again]: 'own' },
  });
  process.exitCode = status ?? 1;
} else await bench(process.argv[2] ?? '');
