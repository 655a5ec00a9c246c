import type { Dockerfile, Location } from '../dockerfile/ast.ts';
import type { ConvertResult } from '../dockerfile/convert-options.ts';
import { type Advice, advise } from '../dockerfile/lint/advise.ts';
import { type PlatformDescription, describePlatforms } from '../emulation/describe-platforms.ts';
import { hasPacks } from '../emulation/pairs.ts';
import { decodeOp } from '../llb/read.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { type Platform, formatPlatform } from '../oci/platform.ts';
import type { ExecOp, Op } from '../pb/ops.ts';
import { platformOf } from '../worker/ops/platform.ts';
import type { TimedStep } from '../worker/step-times.ts';
import { askingFor } from './call.ts';
import { type OpenRequest, type RequestSurroundings, openRequest } from './open-request.ts';
import { type Estimate, estimate } from './plan-estimate.ts';
import { type How, type Reason, type StepPlace, howItRuns } from './plan-reason.ts';
import { systemOf } from './plan-system.ts';
import type { PlatformInputs } from './platform-inputs.ts';
import type { BuildRequest } from './request.ts';
import type { Workspace } from './workspace.ts';

/** How a build's RUN steps would run, and what would make them faster. */
export interface Plan {
  /** This machine's platform. */
  readonly machine: string;
  readonly platforms: readonly string[];
  /** By file and line. */
  readonly steps: readonly PlannedStep[];
  readonly advice: readonly PlanAdvice[];
}

export interface PlannedStep extends Reason {
  readonly file: string;
  readonly line: number;
  /** Its name, or `stage-N`. */
  readonly stage: string;
  /** The instruction, in one line. */
  readonly step: string;
  /** The platforms of the build that need it. */
  readonly for: readonly string[];
  /** The platform that it runs on. */
  readonly on: string;
  readonly estimate?: Estimate;
}

export interface PlanAdvice {
  readonly file: string;
  readonly line: number;
  readonly stage: string;
  readonly kind: Advice['kind'];
  readonly message: string;
  /** Lines to write instead. */
  readonly rewrite: readonly string[];
}

export type { Estimate, How };

interface FoundStep {
  readonly exec: TimedStep;
  readonly name: string;
  readonly location: Location | undefined;
  readonly dockerfile: Dockerfile;
  readonly targets: Platform[];
  /** The image that its root filesystem begins with; undefined for none. */
  readonly base: string | undefined;
}

/**
 * Tells how each RUN would run, without running anything: bases are asked for their configs only, and one whose
 * registry gives no answer is done without. Fails as a build would before its first step.
 */
export async function plan(workspace: Workspace, request: BuildRequest, around: RequestSurroundings): Promise<Plan> {
  await using opened = await openRequest(workspace, request, around);
  const asking = askingFor(workspace, around);
  const steps = new Map<Digest, FoundStep>();
  for (const own of opened.inputs) {
    const converted = await opened.convert(own, asking);
    collect(steps, converted, { own, dockerfile: opened.dockerfileOf(own).dockerfile, machine: around.buildPlatform });
  }
  const described = await describePlatforms({ path: around.env['PATH'] });
  const emulators = new Map(described.map((one) => [one.architecture, one]));
  const isNative = ({ architecture }: Platform) => emulators.get(architecture)?.mode === 'native';
  const { times } = workspace.engine;
  const toolsOf = async ({ exec: { platform }, base }: FoundStep): Promise<{ tools?: string }> => {
    const { accel } = request;
    if (accel === 'off' || base === undefined || isNative(platform) || !hasPacks(platform, accel)) return {};
    const system = await systemOf(workspace.engine, base, { platform, signal: around.signal });
    if (system === 'none') return {};
    return { tools: system === undefined ? 'unknown' : `${system.distribution} ${system.codename}` };
  };
  const planOf = async (found: FoundStep): Promise<PlannedStep> => {
    const guess = estimate(times.find(found.exec), { on: found.exec.platform, isNative });
    return {
      ...placeOf(found),
      for: found.targets.map((platform) => formatPlatform(platform)),
      on: formatPlatform(found.exec.platform),
      ...howItRuns(
        { ...reasonPlace(found, emulators, opened.inputs.length), ...(await toolsOf(found)) },
        around.buildPlatform,
      ),
      ...(guess === undefined ? {} : { estimate: guess }),
    };
  };
  const planned = await Promise.all([...steps.values()].map(planOf));
  return {
    machine: formatPlatform(around.buildPlatform),
    platforms: opened.inputs.map(({ platform }) => formatPlatform(platform)),
    steps: planned.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line),
    advice: adviceOf(opened, { steps: planned, isNative }),
  };
}

/** Adds the RUN steps of a platform; one that another platform has too is the same. */
function collect(
  steps: Map<Digest, FoundStep>,
  { definition }: ConvertResult,
  { own, dockerfile, machine }: { own: PlatformInputs; dockerfile: Dockerfile; machine: Platform },
): void {
  const bases = new Map<string, string>();
  for (const bytes of definition.ops) {
    const op = decodeOp(bytes);
    const vertex = digestOf(bytes);
    const base = baseOf(op) ?? bases.get(op.inputs[0]?.digest ?? '');
    if (base !== undefined) bases.set(vertex, base);
    if (op.op?.kind !== 'exec') continue;
    const known = steps.get(vertex);
    if (known !== undefined) {
      known.targets.push(own.platform);
      continue;
    }
    const metadata = definition.metadata.get(vertex);
    const name = metadata?.description?.['llb.customname'] ?? '';
    const { args = [], cwd = '' }: Partial<NonNullable<ExecOp['meta']>> = op.op.value.meta ?? {};
    const exec = { vertex, args, cwd, platform: platformOf(op) ?? machine };
    steps.set(vertex, { exec, name, location: metadata?.location, dockerfile, targets: [own.platform], base });
  }
}

/** The image of a source, as it is looked up. */
function baseOf({ op }: Op): string | undefined {
  if (op?.kind !== 'source') return undefined;
  const { identifier } = op.value;
  if (identifier.startsWith('oci-layout://')) return identifier;
  return /^docker-image:\/\/(.+)$/.exec(identifier)?.[1];
}

function placeOf({ name, location, dockerfile }: FoundStep): Pick<PlannedStep, 'file' | 'line' | 'stage' | 'step'> {
  const line = location?.startLine ?? 1;
  const step = name.replace(/^\[[^\]]*\] /, '').replaceAll(/\s+/g, ' ');
  return { file: location?.file ?? dockerfile.filename, line, stage: stageAt(dockerfile, line), step };
}

function stageAt({ stages }: Dockerfile, line: number): string {
  const index = stages.findLastIndex(({ location }) => location.startLine <= line);
  return stages[index]?.name || `stage-${Math.max(0, index)}`;
}

function reasonPlace(
  { exec, targets }: FoundStep,
  emulators: ReadonlyMap<string, PlatformDescription>,
  platforms: number,
): StepPlace {
  return {
    on: exec.platform,
    targets,
    isAll: targets.length === platforms,
    runs: emulators.get(exec.platform.architecture),
  };
}

/** What is known of each Dockerfile, for the platforms that take it and are emulated. */
function adviceOf(
  { inputs, dockerfileOf }: OpenRequest,
  { steps, isNative }: { steps: readonly PlannedStep[]; isNative: (platform: Platform) => boolean },
): readonly PlanAdvice[] {
  const groups = new Map<string, { own: PlatformInputs; platforms: Platform[] }>();
  for (const own of inputs) {
    const key = JSON.stringify([own.file, own.target]);
    const group = groups.get(key) ?? { own, platforms: [] };
    group.platforms.push(own.platform);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ own, platforms }) => {
    const { dockerfile } = dockerfileOf(own);
    const { filename: file, stages } = dockerfile;
    const needed = new Set(steps.filter((step) => step.file === file).map(({ stage }) => stage));
    return advise(dockerfile, {
      target: own.target,
      platforms,
      foreign: platforms.filter((platform) => !isNative(platform)),
      isNeeded: (index) => needed.has(stages[index]?.name || `stage-${index}`),
    }).map(({ instruction, ...found }): PlanAdvice => {
      const { startLine: line } = instruction.location;
      return { file, line, stage: stageAt(dockerfile, line), ...found };
    });
  });
}
