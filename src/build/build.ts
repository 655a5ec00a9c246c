import type { Writable } from 'node:stream';
import type { Finding } from '../dockerfile/lint/finding.ts';
import { checkOutputs } from '../exporter/check-outputs.ts';
import { type ExportContext, type Exported, runOutput } from '../exporter/run-output.ts';
import { parseOutput } from '../exporter/output-spec.ts';
import type { ProgressSink } from '../solver/progress.ts';
import { allOrNone } from '../util/abort.ts';
import { buildResult } from './build-result.ts';
import { eachOnce } from './findings.ts';
import { exportStep } from './export-step.ts';
import { type RequestSurroundings, openRequest } from './open-request.ts';
import { solvePlatforms } from './platform-results.ts';
import type { BuildRequest, BuildResult } from './request.ts';
import { stepContext } from './step-context.ts';
import { buildTags, checkVersion } from './version-tags.ts';
import type { Workspace } from './workspace.ts';

export interface BuildSurroundings extends RequestSurroundings {
  readonly progress: ProgressSink;
  /** Told of each finding of the lint, those of a build that fails too. */
  readonly finding?: (finding: Finding) => void;
  readonly stdout: Writable;
  readonly dockerSocket?: string;
}

/** Builds every platform of a request and makes its outputs. The first failure ends all of it, and no tag moves. */
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
  const outputs = request.outputs.length > 0 ? request.outputs : [parseOutput('type=image')];
  checkVersion(request, outputs);
  checkOutputs(outputs, request);
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
  const converted = await allOrNone(
    opened.inputs.map((own) => (each) => opened.convert(own, { onFinding, signal: each })),
    { signal },
  );
  engine.onPull = (layer, current, total) => {
    const vertex = steps.pulls.get(layer.id);
    const id = layer.blob?.digest ?? layer.id;
    if (vertex !== undefined) progress({ kind: 'status', vertex, id, name: id, current, total });
  };
  const results = await solvePlatforms(engine, { converted, steps, progress, signal });
  const epoch = converted[0]?.sourceDateEpoch;
  const tags = await buildTags(workspace, request, { outputs, notice: around.notice, signal });
  const context = exportContext(
    workspace,
    { annotations: request.annotations, tags, ...(epoch === undefined ? {} : { epoch }) },
    around,
  );
  const exported: Exported[] = [];
  for (const output of outputs) exported.push(await runOutput(output, results, context));
  return buildResult(exported, results);
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
