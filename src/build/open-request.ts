import type { Dockerfile } from '../dockerfile/ast.ts';
import { convertDockerfile } from '../dockerfile/convert.ts';
import type { ConvertOptions, ConvertResult } from '../dockerfile/convert-options.ts';
import { file } from '../llb/file.ts';
import type { ImageMetaResolver } from '../llb/metadata.ts';
import { parseBool } from '../dockerfile/scalars.ts';
import { http, local } from '../llb/source.ts';
import { type State, scratch } from '../llb/state.ts';
import type { ImageConfig } from '../oci/config.ts';
import type { Platform } from '../oci/platform.ts';
import type { GitEnvironment } from '../worker/sources/git-program.ts';
import { buildCredentials } from './credentials.ts';
import { tellFetchedConfig } from './cross-request.ts';
import { type PlatformDockerfile, dockerfilesOf } from './dockerfiles.ts';
import type { FetchContextOptions } from './fetch-context.ts';
import { LocalFolders } from './local-folders.ts';
import { namedContexts } from './named-contexts.ts';
import { openContext } from './open-any-context.ts';
import type { OpenedDockerfile } from './open-context.ts';
import { withMultiPlatformBases } from './per-architecture-bases.ts';
import { type PlatformInputs, platformInputs } from './platform-inputs.ts';
import type { BuildRequest } from './request.ts';
import { SshAgents } from './ssh-agents.ts';
import type { Workspace } from './workspace.ts';

export interface RequestSurroundings {
  readonly cwd: string;
  /** This machine's platform. */
  readonly buildPlatform: Platform;
  /** Said to the person at once, on stderr: what was lost, skipped or guessed. */
  readonly notice: (text: string) => void;
  /** Environment for ssh-agent and git. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told of each Dockerfile that is read, before it is parsed. */
  readonly onDockerfile?: (file: OpenedDockerfile) => void;
  readonly signal: AbortSignal;
}

/** What of a conversion is not the request's. */
export type ConversionChoices = Pick<ConvertOptions, 'allStages' | 'onFinding' | 'onUnknownBase'> & {
  readonly target?: string;
  /** Default: the local store, else the registry. */
  readonly metaResolver?: ImageMetaResolver;
  readonly signal: AbortSignal;
};

/** A request with its context and Dockerfiles at hand, whatever is done with it then. */
export interface OpenRequest extends AsyncDisposable {
  /** In the order of the platforms. */
  readonly inputs: readonly PlatformInputs[];
  readonly locals: LocalFolders;
  readonly credentials: GitEnvironment;
  dockerfileOf(inputs: PlatformInputs): PlatformDockerfile;
  convert(inputs: PlatformInputs, choices: ConversionChoices): Promise<ConvertResult>;
}

/** Brings the context in where it is elsewhere; what was brought goes with the disposal. */
export async function openRequest(
  workspace: Workspace,
  request: BuildRequest,
  around: RequestSurroundings,
): Promise<OpenRequest> {
  const { engine } = workspace;
  const platforms = request.platforms.length > 0 ? request.platforms : [around.buildPlatform];
  const inputs = platformInputs(request, platforms);
  const agents = new SshAgents(around.env);
  try {
    const credentials = buildCredentials({ ...request, inputs }, agents, around);
    const fetching = {
      ...credentials,
      sources: engine.paths.sources,
      connections: () => workspace.connections(),
      signal: around.signal,
    };
    const opened = await openContext(request, {
      ...fetching,
      cwd: around.cwd,
      readsStdin: inputs.some(({ file }) => file === '-'),
      git: gitOptions(inputs),
      scratch: engine.paths.temporary,
    });
    if (opened.fetched && opened.onlyDockerfile === undefined) tellFetchedConfig(request, opened.root, around);
    const dockerfileOf = dockerfilesOf(opened, around);
    const locals = new LocalFolders();
    let told = false;
    const times: Times = {
      contextTime: async () => {
        if (opened.time !== undefined) return opened.time();
        if (!told) around.notice(UNDATED);
        told = true;
        return undefined;
      },
      sourceTime: async (state) => (await import('./source-time.ts')).sourceTime(state, fetching),
    };
    const convert = converter(workspace, request, {
      around,
      inputs,
      locals,
      dockerfileOf,
      archive: opened.archive,
      times,
    });
    return {
      inputs,
      locals,
      credentials,
      dockerfileOf,
      convert,
      async [Symbol.asyncDispose]() {
        await opened[Symbol.asyncDispose]();
        await agents[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await agents[Symbol.asyncDispose]();
    throw error;
  }
}

/** What build arguments say of a git context, as BuildKit reads them. */
function gitOptions(inputs: readonly PlatformInputs[]): FetchContextOptions['git'] {
  const given = (name: string) =>
    inputs.map(({ buildArgs }) => buildArgs.get(name) ?? '').filter((text) => text !== '');
  return {
    ...(given('BUILDKIT_CONTEXT_KEEP_GIT_DIR').some((text) => parseBool(text) === true)
      ? { keepGitDirectory: true }
      : {}),
    ...(given('SOURCE_DATE_EPOCH').length > 0 ? { mtime: 'commit' } : {}),
  };
}

type Times = Pick<ConvertOptions, 'contextTime' | 'sourceTime'>;

const UNDATED =
  'SOURCE_DATE_EPOCH=context: the context is a folder, which has no time of its own, so the image gets none';

function converter(
  workspace: Workspace,
  request: BuildRequest,
  of: Pick<OpenRequest, 'inputs' | 'locals' | 'dockerfileOf'> & {
    around: RequestSurroundings;
    archive: string | undefined;
    times: Times;
  },
): OpenRequest['convert'] {
  const { around, inputs, locals, dockerfileOf, archive } = of;
  const platforms = inputs.map(({ platform }) => platform);
  const common = {
    buildPlatform: around.buildPlatform,
    implicitPlatform: request.platforms.length === 0,
    multiPlatform: platforms.length > 1,
    platforms,
    resolveMode: request.pull ? ('pull' as const) : ('default' as const),
    network: request.network,
    extraHosts: request.extraHosts,
    ulimits: request.ulimits,
    ...(request.shmSize === undefined ? {} : { shmSize: request.shmSize }),
    ...(request.cgroupParent === undefined ? {} : { cgroupParent: request.cgroupParent }),
  };
  const { images } = workspace.engine;
  const crossOf = withMultiPlatformBases(images, around);
  const crossImages = (asked: ImageMetaResolver) =>
    asked === images ? crossOf : withMultiPlatformBases(asked, around);
  return async function convert(own, choices): Promise<ConvertResult> {
    const { target = own.target, metaResolver: asked = images, ...rest } = choices;
    // What is only used by the build has its findings when it is built itself.
    const { allStages: _, onFinding: __, ...used } = choices;
    const { dockerfile, folder, isCross } = dockerfileOf(own);
    locals.add('context', archive === undefined ? folder : { path: archive, excludes: [] });
    return convertDockerfile(dockerfile, {
      ...(archive === undefined ? {} : { mainContext: unpackedContext() }),
      ...common,
      ...of.times,
      ...rest,
      targetPlatform: own.platform,
      metaResolver: isCross ? crossImages(asked) : asked,
      noCache: noCacheOf(request.noCache, { dockerfile, all: () => inputs.map((one) => dockerfileOf(one).dockerfile) }),
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
          load: () => loadContext(value, (stage) => convert(own, { ...used, target: stage })),
        }),
      }),
    });
  };
}

/** What is in the archive that the local source `context` has, with its owners. */
function unpackedContext(): State {
  const source = local('context', { name: '[internal] load build context' });
  const unpack = { kind: 'copy', source, from: '/context', to: '/', attemptUnpack: true } as const;
  return file(scratch(), [unpack], { name: '[internal] unpack build context' });
}

/** Without the stages that only another platform's file has; those that no file has stay, and are told. */
function noCacheOf(
  given: BuildRequest['noCache'],
  { dockerfile, all }: { dockerfile: Dockerfile; all: () => readonly Dockerfile[] },
): BuildRequest['noCache'] {
  if (typeof given === 'boolean') return given;
  const has = ({ stages }: Dockerfile, wanted: string) => stages.some(({ name }) => name === wanted.toLowerCase());
  return given.filter((name) => has(dockerfile, name) || !all().some((other) => has(other, name)));
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
  const { gitState, parseGitReference } = await import('../llb/git-reference.ts');
  const reference = parseGitReference(value);
  return { state: reference === undefined ? http(value, { filename: 'context' }) : gitState(reference) };
}
