import type { Writable } from 'node:stream';
import type { Finding } from '../dockerfile/lint/finding.ts';
import { checkOutputs } from '../exporter/check-outputs.ts';
import { type ExportContext, type Exported, packLayers, runOutput } from '../exporter/run-output.ts';
import { type OutputSpec, parseOutput } from '../exporter/output-spec.ts';
import type { ProgressSink } from '../solver/progress.ts';
import { allOrNone } from '../util/abort.ts';
import { buildResult } from './build-result.ts';
import { eachOnce } from './findings.ts';
import { exportStep } from './export-step.ts';
import { type ConversionChoices, type OpenRequest, type RequestSurroundings, openRequest } from './open-request.ts';
import type { PlatformInputs } from './platform-inputs.ts';
import { type PlatformConversion, type SolvedPlatform, solvePlatforms } from './platform-results.ts';
import type { BuildRequest, BuildResult } from './request.ts';
import { stepContext } from './step-context.ts';
import { Tiers } from './tiers.ts';
import { type VerifyOptions, acceptFiles, checkArchitectures, testPlatforms } from './verify-platforms.ts';
import { buildTags, checkVersion } from './version-tags.ts';
import type { Workspace } from './workspace.ts';

export interface BuildSurroundings extends RequestSurroundings {
  readonly progress: ProgressSink;
  /** Told of each finding of the lint, those of a build that fails too. */
  readonly finding?: (finding: Finding) => void;
  readonly stdout: Writable;
  readonly dockerSocket?: string;
}

/**
 * Builds every platform of a request, checks and tests what came of it, and makes its outputs. The first failure ends
 * all of it, and no tag moves; the result goes without optional platforms that fail.
 */
export async function build(
  workspace: Workspace,
  request: BuildRequest,
  around: BuildSurroundings,
): Promise<BuildResult> {
  const { engine } = workspace;
  const { progress, signal } = around;
  // A worker that is needed for sure starts while everything else gets ready.
  if (request.noCache === true) void engine.worker().catch(() => {});
  // Bad names and outputs are told before anything runs.
  const given = request.outputs.length > 0 ? request.outputs : [parseOutput('type=image')];
  const outputs = splitAsAsked(given, request.platforms.length);
  checkVersion(request, outputs);
  checkOutputs(outputs, { ...request, cwd: around.cwd });
  await using opened = await openRequest(workspace, request, around);
  const steps = stepContext(engine, {
    buildPlatform: around.buildPlatform,
    pull: request.pull,
    locals: opened.locals,
    accel: request.accel,
    allow: request.allow,
    credentials: opened.credentials,
    connections: () => workspace.connections(),
  });
  const onFinding = eachOnce(around.finding);
  const tiers = new Tiers(request.optional ?? []);
  const conversions = await allOrNone(
    opened.inputs.map((own) => (each) => convert(opened, own, { tiers, onFinding, signal: each })),
    { signal },
  );
  engine.onPull = (layer, current, total) => {
    const vertex = steps.pulls.get(layer.id);
    const id = layer.blob?.digest ?? layer.id;
    if (vertex !== undefined) progress({ kind: 'status', vertex, id, name: id, current, total });
  };
  const left = tiers.left(conversions);
  const solved = await solvePlatforms(engine, { conversions: left, tiers, steps, progress, signal });
  const epoch = left[0]?.converted.sourceDateEpoch;
  const tags = await buildTags(workspace, request, { outputs, notice: around.notice, signal });
  const context = exportContext(
    workspace,
    { annotations: request.annotations, tags, ...(epoch === undefined ? {} : { epoch }) },
    around,
  );
  await packLayers(outputs, solved, context);
  const archCheck = request.archCheck ?? 'error';
  const verifying = { outputs, tiers, archCheck, progress, notice: around.notice, signal };
  const checked = await checkArchitectures(workspace, solved, verifying);
  const results = await runTests(workspace, request, { results: checked, inputs: opened.inputs, verifying });
  const accepts = acceptFiles(workspace, results, verifying);
  const outgoing = {
    ...context,
    annotations: [...context.annotations, ...tiers.annotations],
    ...(accepts === undefined ? {} : { accepts }),
  };
  const exported: Exported[] = [];
  for (const output of outputs) exported.push(await runOutput(output, results, outgoing));
  const made = results.filter(({ asked }) => !tiers.isMissing(asked));
  return buildResult(exported, made, tiers.missing);
}

async function convert(
  opened: OpenRequest,
  own: PlatformInputs,
  { tiers, ...choices }: ConversionChoices & { tiers: Tiers },
): Promise<PlatformConversion | undefined> {
  const asked = own.platform;
  return tiers.attempt(asked, async () => ({ asked, converted: await opened.convert(own, choices) }));
}

/** What the outputs say of the files goes as before, though a platform be missing. */
function splitAsAsked(outputs: readonly OutputSpec[], platforms: number): readonly OutputSpec[] {
  return outputs.map((output) =>
    (output.kind === 'local' || output.kind === 'tar') && platforms > 1 ? { platformSplit: true, ...output } : output,
  );
}

async function runTests(
  workspace: Workspace,
  request: BuildRequest,
  of: {
    readonly results: readonly SolvedPlatform[];
    readonly inputs: readonly PlatformInputs[];
    readonly verifying: VerifyOptions;
  },
): Promise<readonly SolvedPlatform[]> {
  const { results, inputs, verifying } = of;
  if (request.tests === undefined) return results;
  const { commands: _, ...given } = request.tests;
  const { network, extraHosts, accel } = request;
  return testPlatforms(workspace, results, {
    ...verifying,
    settings: { ...given, network, extraHosts, accel },
    testsOf: ({ asked }) => inputs.find(({ platform }) => platform === asked)?.tests ?? [],
  });
}

function exportContext(
  workspace: Workspace,
  of: { annotations: readonly string[]; tags: readonly string[]; epoch?: number },
  around: BuildSurroundings,
): ExportContext {
  const { engine } = workspace;
  return {
    layers: workspace.layers,
    content: engine.content,
    store: engine.store,
    registry: (options) => workspace.registry(options),
    stdout: around.stdout,
    ...(around.dockerSocket === undefined ? {} : { dockerSocket: around.dockerSocket }),
    cwd: around.cwd,
    scratch: engine.paths.temporary,
    tags: of.tags,
    annotations: of.annotations,
    ...(of.epoch === undefined ? {} : { sourceDateEpoch: of.epoch }),
    now: Date.now(),
    notice: around.notice,
    step: exportStep(around.progress),
    signal: around.signal,
  };
}
