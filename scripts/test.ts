import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseNames, ensureBases } from './bases.ts';
import { projectFolder } from './fixtures.ts';
import { installTools, toolSets, ToolsMissing } from './install-tools.ts';
import { ensurePeers, testPeers } from './peers.ts';
import { run } from './process.ts';

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const began = Date.now();
const say = (line: string): void => console.log(`[${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s] ${line}`);

/** Installs, makes the bases and runs every test; gives the exit status. Extra arguments go to vitest. */
async function main(args: readonly string[]): Promise<number> {
  try {
    await installTools(toolSets.test, { log: say });
  } catch (error) {
    if (!(error instanceof ToolsMissing)) throw error;
    say(`${error.message}`);
    say('going on without them: tests that need them are skipped');
  }
  const env = { ...process.env };
  const everything = args.every((arg) => arg.startsWith('-'));
  const needed = Object.keys(testPeers).filter((word) => everything || args.some((arg) => arg.includes(word)));
  const peers = ensurePeers(
    needed.flatMap((word) => testPeers[word] ?? []),
    { log: say },
  );
  try {
    const host = await ensureBases(baseNames, { log: say });
    say(`bases are in the registry at ${host}`);
    env['POLYARCH_TEST_REGISTRY'] = host;
  } catch (error) {
    say(`the bases could not be made: ${error instanceof Error ? error.message : String(error)}`);
    say('going on without them: tests that need them fail, and say so');
  }
  await peers;
  const folder = mkdtempSync(join(tmpdir(), 'polyarch-report-'));
  const reportFile = join(folder, 'report.json');
  try {
    const vitest = [
      'vitest',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reportFile}`,
      ...args,
    ];
    const argv = isOpen(projectFolder) ? vitest : belowTemporary(folder, vitest);
    const { code } = await run(argv, { cwd: projectFolder, env, output: 'inherit', allowFailure: true });
    return summarise(readReport(reportFile), code);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whether ordinary users can reach it. */
function isOpen(folder: string): boolean {
  if (process.getuid?.() !== 0) return true;
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  return spawnSync('setpriv', [...nobody, 'test', '-r', join(folder, 'package.json')]).status === 0;
}

/**
 * Tests that become ordinary users cannot pass a closed folder above the checkout (/root): then all run with the
 * checkout mounted in `folder`, in a mount namespace of their own.
 */
function belowTemporary(folder: string, argv: readonly string[]): string[] {
  const checkout = join(folder, 'checkout');
  mkdirSync(checkout);
  chmodSync(folder, 0o755);
  const script = 'mount --bind "$0" "$1" && cd "$1" && PATH=$1/node_modules/.bin:$PATH && shift && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, projectFolder, checkout, ...argv];
}

function readReport(file: string): Report | undefined {
  try {
    // Written by vitest's own JSON reporter.
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

/** Prints the closing line; a test file that could not be run at all counts as one failure. */
function summarise(report: Report | undefined, code: number): number {
  if (report === undefined) {
    console.log('vitest left no report');
    return code === 0 ? 1 : code;
  }
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  for (const file of broken) console.log(`could not run ${file.name}: ${file.message ?? ''}`);
  const failed = report.numFailedTests + broken.length;
  const skipped = report.numPendingTests + report.numTodoTests;
  if (skipped > 0) {
    console.log(`${skipped} skipped (each says why above, after SKIPPED):`);
    for (const file of report.testResults)
      for (const test of file.assertionResults)
        if (test.status !== 'passed' && test.status !== 'failed') console.log(`  ${test.fullName}`);
  }
  say('done');
  console.log(`${report.numPassedTests} passed, ${failed} failed`);
  if (failed > 0 || code !== 0) return 1;
  return report.numPassedTests === 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
