import { projectFolder } from './fixtures.ts';
import { run } from './process.ts';

/** What `npm run check` runs, cheapest first by what it tells; all of them at once. */
const checks: Readonly<Record<string, readonly string[]>> = {
  format: ['oxfmt', '--check', '.'],
  lint: ['oxlint', '--deny-warnings'],
  types: ['tsc', '-p', '.'],
  'layers and unit tests': ['vitest', 'run', '--project', 'unit', '--reporter', 'dot'],
  'dead code': ['knip'],
};

const results = await Promise.all(
  Object.entries(checks).map(async ([name, argv]) => {
    const began = performance.now();
    const result = await run(argv, { cwd: projectFolder, allowFailure: true });
    return { name, ...result, seconds: (performance.now() - began) / 1000 };
  }),
);
for (const { name, code, stdout, stderr, seconds } of results) {
  if (code !== 0) console.log(`\n=== ${name} ===\n${stdout}${stderr}`);
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`);
}
process.exitCode = results.every((result) => result.code === 0) ? 0 : 1;
