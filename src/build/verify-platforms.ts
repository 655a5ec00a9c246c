import type { OutputSpec } from '../exporter/output-spec.ts';
import type { ProgressSink } from '../solver/progress.ts';
import { checkArchitecture } from './arch-check.ts';
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

/** The results whose programs are of their platform, before any of them leaves the build. Fails with WRONG_ARCH. */
export async function checkArchitectures(
  { engine: { db }, layers }: Workspace,
  results: readonly SolvedPlatform[],
  options: VerifyOptions,
): Promise<readonly SolvedPlatform[]> {
  const { outputs, tiers, archCheck: mode, notice, signal } = options;
  if (mode === 'off' || outputs.every(({ kind }) => kind === 'cacheonly')) return results;
  const image = outputs.some((output) => 'format' in output);
  const check = async (result: SolvedPlatform): Promise<SolvedPlatform> => {
    const findings = await checkArchitecture(result, layers, { image, db, signal });
    if (findings.length > 0) await reportArchitecture(result, findings, { mode, layers, notice });
    return result;
  };
  const work = (result: SolvedPlatform) => tiers.attempt(result.asked, () => check(result));
  return tiers.left(await eachPlatform(results, work, { signal }));
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
