import type { OutputSpec } from '../exporter/output-spec.ts';
import type { ProgressSink } from '../solver/progress.ts';
import type { AcceptFiles } from '../exporter/contract.ts';
import { allFit, checkArchitecture } from './arch-check.ts';
import { type ArchCheckMode, reportArchitecture } from './arch-report.ts';
import { eachPlatform } from './each-platform.ts';
import { type TestCommand, type TestSettings, testImage } from './image-test.ts';
import type { SolvedPlatform } from './platform-results.ts';
import type { Tiers } from './tiers.ts';
import type { Workspace } from './workspace.ts';

export interface VerifyOptions {
  readonly outputs: readonly OutputSpec[];
  readonly tiers: Tiers;
  readonly archCheck: ArchCheckMode;
  readonly notice: (text: string) => void;
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
}

/**
 * The results whose programs are of their platform, before any of them leaves the build. What is only exported as files
 * is looked at on its way, by `acceptFiles`. Fails with WRONG_ARCH.
 */
export async function checkArchitectures(
  workspace: Workspace,
  results: readonly SolvedPlatform[],
  options: VerifyOptions,
): Promise<readonly SolvedPlatform[]> {
  const { outputs, tiers, archCheck, signal } = options;
  if (archCheck === 'off' || !outputs.some(isImage)) return results;
  const work = (result: SolvedPlatform) => tiers.attempt(result.asked, () => check(workspace, result, options));
  return tiers.left(await eachPlatform(results, work, { signal }));
}

/** Looks at exported files where no image is made of them, which reads them anyway. */
export function acceptFiles(
  workspace: Workspace,
  results: readonly SolvedPlatform[],
  options: VerifyOptions,
): AcceptFiles | undefined {
  const { outputs, tiers, archCheck } = options;
  if (archCheck === 'off' || outputs.some(isImage)) return undefined;
  return async ({ platform }, elfs) => {
    const result = results.find((one) => one.platform === platform);
    if (result === undefined || allFit(result, elfs)) return true;
    const kept = await tiers.attempt(result.asked, () => check(workspace, result, options));
    if (kept === undefined) tiers.left(results.filter(({ asked }) => !tiers.isMissing(asked)));
    return kept !== undefined;
  };
}

const isImage = (output: OutputSpec): boolean => 'format' in output;

async function check(
  { engine: { db }, layers }: Workspace,
  result: SolvedPlatform,
  { outputs, archCheck: mode, notice, signal }: VerifyOptions,
): Promise<SolvedPlatform> {
  const findings = await checkArchitecture(result, layers, { image: outputs.some(isImage), db, signal });
  if (findings.length > 0) await reportArchitecture(result, findings, { mode, layers, notice });
  return result;
}

/** The results in which every test succeeded. Fails with TEST_FAILED and TEST_TIMEOUT. */
export async function testPlatforms(
  { engine }: Workspace,
  results: readonly SolvedPlatform[],
  options: VerifyOptions & { settings: TestSettings; testsOf: (result: SolvedPlatform) => readonly TestCommand[] },
): Promise<readonly SolvedPlatform[]> {
  const { tiers, settings, testsOf, progress, signal } = options;
  const test = async (result: SolvedPlatform): Promise<SolvedPlatform> => {
    await testImage(engine, result, { ...settings, commands: testsOf(result), progress, signal });
    return result;
  };
  const work = (result: SolvedPlatform) => tiers.attempt(result.asked, () => test(result));
  return tiers.left(await eachPlatform(results, work, { signal }));
}
