import type { Platform } from '../../oci/platform.ts';
import { normalizeArchitecture, normalizeOs } from '../../oci/platform-normal.ts';
import { formatPlatform } from '../../oci/platform-parse.ts';
import type { Dockerfile } from '../ast.ts';
import type { ConvertOptions } from '../convert-options.ts';
import { lintCompilers } from './compile-rule.ts';
import { lintArchitectures } from './architecture-rules.ts';
import type { Lint } from './lint.ts';
import { type PlatformLint, namesOf } from './platform-lint.ts';
import { lintSetsNothing } from './run-rule.ts';
import { type StageView, baseOf, viewStages } from './stage-view.ts';

/** This project's rules on the stages that are needed, most of them on what goes wrong with several platforms. */
export function lintPlatforms(
  dockerfile: Dockerfile,
  conversion: {
    readonly lint: Lint;
    readonly options: ConvertOptions;
    readonly buildArgs: ReadonlyMap<string, string>;
    readonly isNeeded: (index: number) => boolean;
  },
): void {
  const { options, lint, buildArgs, isNeeded } = conversion;
  const { buildPlatform, platforms = [options.targetPlatform] } = options;
  const last = dockerfile.stages.length - 1;
  const target = targetIndex(dockerfile, options.target) ?? last;
  const foreign = platforms.filter((platform) => !isNative(platform, buildPlatform));
  const { lines } = dockerfile;
  const context: PlatformLint = { lint, buildPlatform, foreign, platforms, buildArgs, lines };
  for (const [index, view] of viewStages(dockerfile, target).entries()) {
    if (!isNeeded(index)) continue;
    lintName(view, context);
    lintSetsNothing(view, context);
    if (platforms.length > 1) lintArchitectures(view, context);
    if (foreign.length > 0) lintCompilers(view, context);
    if (index === last && target === last) lintLast(view, context);
  }
}

/** The place of a stage by its name or number. */
export function targetIndex(dockerfile: Dockerfile, name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  const found = dockerfile.stages.findLastIndex((stage) => stage.name === name.toLowerCase());
  return found < 0 ? Number(/^(?:stage-)?(\d+)$/.exec(name)?.[1] ?? Number.NaN) : found;
}

/** Whether the machine runs the platform itself; in doubt it does. */
function isNative(platform: Platform, machine: Platform): boolean {
  const runs: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] };
  const { architecture } = platform;
  return architecture === machine.architecture || runs[machine.architecture]?.includes(architecture) === true;
}

function lintName({ stage }: StageView, { lint }: PlatformLint): void {
  const { platform: written, from } = stage;
  const [os = '', architecture, variant] = written.split('/');
  if (architecture === undefined || written.includes('$')) return;
  const [name, normal] = normalizeArchitecture(architecture, variant?.replace(/^armv?(?=\d)/, 'v'));
  const isUsual = architecture === name && os === normalizeOs(os) && /^(?:|v\d+(?:\.\d+)?)$/.test(variant ?? '');
  if (isUsual) return;
  const platform = formatPlatform({ os: normalizeOs(os), architecture: name, variant: normal });
  const rewrite = [from.original.replace(`--platform=${written}`, `--platform=${platform}`)];
  lint.report('PlatformNotNormalized', { written, platform }, { ...from, rewrite });
}

function lintLast(view: StageView, { lint, platforms, buildPlatform }: PlatformLint): void {
  const { from, platform } = view.stage;
  const strange = platforms.filter((one) => one.architecture !== buildPlatform.architecture);
  if (view.runsFor !== 'build' || strange.length === 0 || baseOf(view) === 'scratch') return;
  const rewrite = platform === '' ? [] : [from.original.replace(/--platform=\S+\s+/, '')];
  lint.report(
    'FinalStageOnBuildPlatform',
    { platforms: namesOf(strange), build: formatPlatform(buildPlatform) },
    { ...from, ...(rewrite.length === 0 ? {} : { rewrite }) },
  );
}
