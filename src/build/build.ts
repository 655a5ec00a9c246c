import type { Writable } from 'node:stream';
import { convertDockerfile } from '../dockerfile/convert.ts';
import type { ConvertResult } from '../dockerfile/convert-options.ts';
import { checkOutputs } from '../exporter/check-outputs.ts';
import { type ExportContext, type Exported, runOutput } from '../exporter/run-output.ts';
import { parseOutput } from '../exporter/output-spec.ts';
import type { State } from '../llb/state.ts';
import type { ImageConfig } from '../oci/config.ts';
import type { Platform } from '../oci/platform.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import type { ProgressSink } from '../solver/progress.ts';
import { allOrNone } from '../util/abort.ts';
import { buildResult } from './build-result.ts';
import { buildCredentials } from './credentials.ts';
import { dockerfilesOf } from './dockerfiles.ts';
import { LocalFolders } from './local-folders.ts';
import { namedContexts } from './named-contexts.ts';
import { exportStep } from './export-step.ts';
import { openContext } from './open-any-context.ts';
import { type PlatformInputs, platformInputs } from './platform-inputs.ts';
import { solvePlatforms } from './platform-results.ts';
import type { BuildRequest, BuildResult } from './request.ts';
import { SshAgents } from './ssh-agents.ts';
import { stepContext } from './step-context.ts';
import type { Workspace } from './workspace.ts';

export interface BuildSurroundings {
  readonly cwd: string;
  /** This machine's platform. */
  readonly buildPlatform: Platform;
  readonly progress: ProgressSink;
  /** Said to the person at once, on stderr: what was lost, skipped or guessed. */
  readonly notice: (text: string) => void;
  readonly stdout: Writable;
  readonly dockerSocket?: string;
  /** Environment for ssh-agent and git. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
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
  const tags = [...new Set(request.tags.map((tag) => formatReference(parseReference(tag))))];
  const outputs = request.outputs.length > 0 ? request.outputs : [parseOutput('type=image')];
  checkOutputs(outputs, request);
  const platforms = request.platforms.length > 0 ? request.platforms : [around.buildPlatform];
  const inputs = platformInputs(request, platforms);
  await using agents = new SshAgents(around.env);
  const credentials = buildCredentials({ ...request, inputs }, agents, around);
  const connections = () => workspace.connections();
  await using opened = await openContext(request, {
    ...credentials,
    cwd: around.cwd,
    readsStdin: inputs.some(({ file }) => file === '-'),
    scratch: engine.paths.temporary,
    sources: engine.paths.sources,
    connections,
    notice: around.notice,
    signal,
  });
  const locals = new LocalFolders();
  const dockerfileOf = dockerfilesOf(opened, around);
  const steps = stepContext(engine, {
    buildPlatform: around.buildPlatform,
    pull: request.pull,
    locals,
    allow: request.allow,
    credentials,
    connections,
  });
  const common = {
    buildPlatform: around.buildPlatform,
    implicitPlatform: request.platforms.length === 0,
    multiPlatform: platforms.length > 1,
    platforms,
    metaResolver: engine.images,
    noCache: request.noCache,
    resolveMode: request.pull ? ('pull' as const) : ('default' as const),
    network: request.network,
    extraHosts: request.extraHosts,
    ulimits: request.ulimits,
    ...(request.shmSize === undefined ? {} : { shmSize: request.shmSize }),
    ...(request.cgroupParent === undefined ? {} : { cgroupParent: request.cgroupParent }),
    ...(request.sourceDateEpoch === undefined ? {} : { sourceDateEpoch: request.sourceDateEpoch }),
  };
  const convert = async (
    own: PlatformInputs,
    options: { target?: string; signal: AbortSignal },
  ): Promise<ConvertResult> => {
    const { target = own.target } = options;
    const { dockerfile, folder } = dockerfileOf(own);
    locals.add('context', folder);
    return convertDockerfile(dockerfile, {
      ...common,
      targetPlatform: own.platform,
      signal: options.signal,
      ...(target === undefined ? {} : { target }),
      buildArgs: own.buildArgs,
      labels: own.labels,
      excludes: folder.excludes,
      secretKey: (id) => own.secrets.get(id)?.key ?? id,
      contexts: namedContexts(own.contexts, {
        cwd: around.cwd,
        addLocal: (name, local) => locals.add(name, local),
        addLayout: (layout) => workspace.addLayout(layout),
        load: (value) => ({
          kind: 'state',
          load: () => loadContext(value, (stage) => convert(own, { ...options, target: stage })),
        }),
      }),
    });
  };
  const converted = await allOrNone(
    inputs.map((own) => (each) => convert(own, { signal: each })),
    { signal },
  );
  engine.onPull = (layer, current, total) => {
    const vertex = steps.pulls.get(layer.id);
    const id = layer.blob?.digest ?? layer.id;
    if (vertex !== undefined) progress({ kind: 'status', vertex, id, name: id, current, total });
  };
  const results = await solvePlatforms(engine, { converted, steps, progress, signal });
  const epoch = converted[0]?.sourceDateEpoch;
  const context = exportContext(
    workspace,
    { annotations: request.annotations, tags, ...(epoch === undefined ? {} : { epoch }) },
    around,
  );
  const exported: Exported[] = [];
  for (const output of outputs) exported.push(await runOutput(output, results, context));
  return buildResult(exported, results, warningsOf(converted));
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

/** The same warning of several platforms is one. */
function warningsOf(converted: readonly ConvertResult[]): BuildResult['warnings'] {
  const all = converted
    .flatMap(({ warnings }) => warnings)
    .map(({ rule, message, location }) => ({ rule, message, file: location.file, line: location.startLine }));
  return [...new Map(all.map((warning) => [JSON.stringify(warning), warning])).values()];
}

/** What `target:STAGE`, a git or an http(s) context leads to. */
async function loadContext(
  value: string,
  stage: (name: string) => Promise<ConvertResult>,
): Promise<{ state: State; config?: ImageConfig }> {
  if (value.startsWith('target:')) {
    const { state, config } = await stage(value.slice('target:'.length));
    return { state, config };
  }
  const [{ http }, { gitState, parseGitReference }] = await Promise.all([
    import('../llb/source.ts'),
    import('../llb/git-reference.ts'),
  ]);
  const reference = parseGitReference(value);
  return { state: reference === undefined ? http(value, { filename: 'context' }) : gitState(reference) };
}
