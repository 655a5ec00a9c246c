import { resolve } from 'node:path';
import type { Command, Option } from 'commander';
import { build } from '../../build/build.ts';
import { withBuildConfig } from '../../build/cross-request.ts';
import type { BuildRequest, BuildResult } from '../../build/request.ts';
import type { Finding } from '../../dockerfile/lint/finding.ts';
import { writeFileAtomically } from '../../exporter/atomic-file.ts';
import { parseOutput, withShorthands } from '../../exporter/output-spec.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { familiarReference, parseReference } from '../../oci/reference.ts';
import { destroyOnAbort } from '../../util/abort.ts';
import { isDebugging } from '../../util/debug.ts';
import { PolyarchError } from '../../util/error.ts';
import {
  assignments,
  networkMode,
  parseBytes,
  parseContext,
  parseHost,
  parseSecret,
  parseSsh,
  parseUlimit,
} from '../build-flags.ts';
import { accelFlag, accelMode } from '../accel-flag.ts';
import { platformPrefix } from '../platform-prefix.ts';
import { platformTiers } from '../platform-tiers.ts';
import { TEST_TIMEOUT, type VerifyFlags, verifyRequest } from '../test-flags.ts';
import { parseCall } from '../call-flag.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { renderFindings } from '../render-findings.ts';
import { lintEvents } from '../progress/lint-events.ts';
import { type ProgressMode, openProgress, progressMode } from '../progress/progress.ts';
import { type SemverFlags, semverFlags, versionTags } from '../semver-flags.ts';
import { type RegistryFlags, collect, dockerSocket, hostPlatform, openWorkspace, registryFlags } from '../workspace.ts';

export interface BuildFlags extends RegistryFlags, SemverFlags, VerifyFlags {
  readonly accel: string;
  readonly platform?: string[];
  readonly file?: string[];
  readonly tag?: string[];
  readonly target?: string[];
  readonly buildArg?: string[];
  readonly buildContext?: string[];
  readonly label?: string[];
  readonly annotation?: string[];
  readonly secret?: string[];
  readonly ssh?: string[];
  /** `--no-cache` turns it off. */
  readonly cache: boolean;
  readonly noCacheFilter?: string[];
  readonly pull?: boolean;
  readonly push?: boolean;
  readonly load?: boolean;
  readonly output?: string[];
  readonly iidfile?: string;
  readonly metadataFile?: string;
  readonly progress: string;
  readonly call: string;
  readonly check?: boolean;
  readonly quiet?: boolean;
  readonly network: string;
  readonly allow?: string[];
  readonly addHost?: string[];
  readonly shmSize?: string;
  readonly ulimit?: string[];
  readonly cgroupParent?: string;
  readonly strict?: boolean;
}

const EXAMPLES = `
Examples:
  polyarch build --platform linux/amd64,linux/arm64,linux/arm/v7 -t registry.example/app:1 --push .
      build for three platforms and push one image index
  polyarch build --platform linux/arm64 -t app . && polyarch run app
      keep the image in the local store and run it, emulated where needed
  polyarch build --platform linux/amd64,linux/arm64 -o type=oci,dest=app.tar .
      write an OCI archive
  polyarch build --target bin -o out .
      copy the files of a stage to ./out
  polyarch build --platform linux/amd64,linux/arm64 -t registry.example/app --tag-semver v1.2.3 --push .
      push 1, 1.2, 1.2.3 and latest
  polyarch build --check --platform linux/amd64,linux/arm64 .
      only look for mistakes (docs/lint.md)

  polyarch build --platform linux/amd64,linux/arm64 -t registry.example/app:1 --test 'app --version' --push .
      push only when every platform's image passes
  polyarch build --platform 'linux/amd64,linux/arm64,?linux/riscv64' -t registry.example/app:1 --push .
      go without riscv64 when it fails; --strict makes it a failure

For one platform only: PLATFORM= before the value of --file, --target, --build-arg, --build-context, --label, --test and
--secret. linux/arm= is for every variant of arm; the most specific wins, then the last. In these values {os}, {arch},
{variant} and {platform} stand for the platform's (arm64 has no variant); {{arch}} is the text {arch}.
  polyarch build --platform linux/amd64,linux/arm64 -f Dockerfile -f linux/arm64=Dockerfile.arm64 .
      another Dockerfile for arm64
  polyarch build --platform linux/amd64,linux/arm64 -f 'Dockerfile.{arch}' .
      a Dockerfile for each
  polyarch build --platform linux/amd64,linux/arm/v7 --build-arg JOBS=8 --build-arg linux/arm=JOBS=2 .
      another build argument for arm
  polyarch build --platform linux/amd64,linux/arm/v7 --build-context 'bin=rel/{arch}{variant}' .
      rel/amd64 or rel/armv7 is "bin" for COPY --from=bin and RUN --mount=from=bin`;

const command: CliCommand = {
  define(program: Command, context, done) {
    const defined = program
      .argument('[context]', 'a folder, a git or tarball URL, or - for a tar or a Dockerfile on stdin', '.')
      .option(
        '--platform <list>',
        'platforms to build for: linux/amd64,linux/arm64,… or local; ?linux/riscv64 may fail',
        collect,
      )
      .option('--strict', 'optional platforms (?linux/…) must not fail either')
      .option('-f, --file <path>', 'the Dockerfile (default: CONTEXT/Dockerfile; - is stdin)', collect)
      .option('-t, --tag <name>', 'name of the image: [REGISTRY/]NAME[:TAG]', collect)
      .option('--target <stage>', 'the stage to build', collect)
      .option('--build-arg <name=value>', 'value of an ARG', collect)
      .option(
        '--build-context <name=value>',
        'a folder, docker-image://, oci-layout://, URL or target:STAGE for a name',
        collect,
      )
      .option('--label <name=value>', 'a label of the image', collect)
      .option('--annotation <name=value>', 'an annotation, [LEVEL[PLATFORM]:]NAME=VALUE', collect)
      .option('--secret <spec>', 'a secret for RUN --mount=type=secret: id=NAME[,src=FILE|,env=VARIABLE]', collect)
      .option('--ssh <spec>', 'an ssh agent or keys for RUN --mount=type=ssh: default|ID[=SOCKET|KEY]', collect)
      .option('--no-cache', 'run every step')
      .addOption(noCacheFilter(program))
      .option('--pull', 'ask the registry for base images even when they are in the local store')
      .option('--push', 'push the image (short for --output type=registry)')
      .option(
        '--load',
        'load the image into Docker, where there is one, and the local store (short for --output type=docker)',
      )
      .option(
        '-o, --output <spec>',
        'what becomes of the result: a folder, -, or type=image|registry|oci|docker|local|tar|cacheonly,…',
        collect,
      )
      .option('--iidfile <path>', 'write the image’s id to a file')
      .option('--metadata-file <path>', 'write what was built to a JSON file')
      .option(
        '--progress <mode>',
        'auto, plain, tty, quiet, rawjson or none',
        context.env['BUILDKIT_PROGRESS'] || 'auto',
      )
      .option('-q, --quiet', 'only print the image’s id')
      .option('--check', 'only look for mistakes in the Dockerfile (short for --call=check)')
      .option(
        '--call <method>',
        'build, check, outline, targets or subrequests.describe; with ,format=json for programs',
        'build',
      )
      .option('--network <mode>', 'network of RUN: default, host or none', 'default')
      .option('--allow <entitlement>', 'allow network.host or security.insecure to steps that ask for it', collect)
      .option('--add-host <host:ip>', 'an entry of /etc/hosts in steps', collect)
      .option('--shm-size <bytes>', 'size of /dev/shm in steps, e.g. 128m')
      .option('--ulimit <type=soft:hard>', 'a resource limit of steps', collect)
      .option('--cgroup-parent <name>', 'cgroup of steps')
      .option(
        '--test <command>',
        'run in each platform’s image before anything is pushed, and fail unless all succeed; a JSON array needs no shell',
        collect,
      )
      .option('--test-entrypoint', 'keep the image’s ENTRYPOINT before the test’s command')
      .option('--test-timeout <time>', 'how long one test may take, e.g. 90s', TEST_TIMEOUT)
      .option('--arch-check <mode>', 'programs of the wrong architecture in the image: error, warn or off', 'error')
      .addHelpText('after', EXAMPLES);
    accelFlag(semverFlags(registryFlags(defined)), context).action(async (path: string, flags: BuildFlags) =>
      done(await run(path, flags, context)),
    );
  },
};

export default command;

/** A flag of its own, which commander would read as the opposite of a `--cache-filter`. */
function noCacheFilter(program: Command): Option {
  const option = program
    .createOption('--no-cache-filter <stages>', 'run every step of these stages')
    .argParser(collect);
  option.negate = false;
  return option;
}

async function run(path: string, flags: BuildFlags, context: CliContext): Promise<number> {
  const request = withBuildConfig(buildRequest(path, flags, context), context);
  using _stdin = request.stdin === undefined ? undefined : destroyOnAbort(context.stdin, context.signal);
  const mode = flags.quiet === true ? 'quiet' : progressMode(flags.progress);
  const call = parseCall(flags.check === true ? 'check' : flags.call);
  const common = { cwd: context.cwd, buildPlatform: hostPlatform(), env: context.env, signal: context.signal };
  if (call !== undefined) {
    const { runCall } = await import('../run-call.ts');
    await using workspace = await openWorkspace(context, flags);
    return await runCall(call, request, { workspace, around: { ...common, notice: context.notice }, context });
  }
  const progress = openProgress(mode, context);
  const findings: Finding[] = [];
  const lint = mode === 'rawjson' ? lintEvents(progress.event) : undefined;
  const endProgress = () => {
    progress.end();
    if (mode !== 'quiet') context.stderr.write(renderFindings(findings, { expand: isDebugging() }));
  };
  try {
    await using workspace = await openWorkspace(context, flags);
    const socket = dockerSocket(context.env);
    const result = await build(workspace, request, {
      ...common,
      progress: progress.event,
      notice: progress.notice,
      finding: lint?.finding ?? ((finding) => void findings.push(finding)),
      ...(lint === undefined ? {} : { onDockerfile: lint.onDockerfile }),
      stdout: context.stdout,
      ...(socket === undefined ? {} : { dockerSocket: socket }),
    });
    endProgress();
    await report(result, flags, mode, context);
    for (const line of missingLines(result)) context.notice(line);
    return 0;
  } catch (error) {
    endProgress();
    throw error;
  }
}

/** The request of `build` and of commands that look at one. */
export function buildRequest(path: string, flags: BuildFlags, context: CliContext): BuildRequest {
  const { env, cwd } = context;
  const list = (values: readonly string[] | undefined) => values ?? [];
  const outputs = withShorthands(
    list(flags.output).map((text) => parseOutput(text)),
    { push: flags.push === true, load: flags.load === true },
  );
  const stdout = outputs.filter((output) => 'destination' in output && output.destination === '-');
  if (stdout.length > 1) throw new PolyarchError('INVALID_OUTPUT', 'only one output can go to stdout');
  if (stdout.length > 0 && context.stdout.isTTY) {
    throw new PolyarchError('INVALID_OUTPUT', 'an archive is not written to a terminal', {
      hint: 'redirect stdout, or give dest=FILE',
    });
  }
  const platform = flags.platform ?? (env['DOCKER_DEFAULT_PLATFORM'] ? [env['DOCKER_DEFAULT_PLATFORM']] : []);
  const { platforms, optional } = platformTiers(platform);
  const input = parseContext(path);
  const version = versionTags(flags);
  const files = list(flags.file).map((text) => platformPrefix(text, { flag: '--file' }));
  return {
    context: input,
    files,
    ...(input.kind === 'stdin' || files.some(({ value }) => value === '-') ? { stdin: context.stdin } : {}),
    platforms,
    ...(flags.strict === true ? {} : { optional }),
    ...verifyRequest(flags),
    tags: list(flags.tag),
    ...(version === undefined ? {} : { version }),
    targets: list(flags.target).map((text) => platformPrefix(text, { flag: '--target' })),
    buildArgs: buildArgs(list(flags.buildArg), env),
    contexts: assignments('--build-context', list(flags.buildContext)),
    // As in Docker, a name alone has the empty value.
    labels: assignments('--label', list(flags.label), { alone: '' }),
    annotations: list(flags.annotation),
    secrets: list(flags.secret).map((text) => parseSecret(text, { env })),
    ssh: list(flags.ssh).map((text) => parseSsh(text, { cwd, env })),
    noCache: flags.cache ? (flags.noCacheFilter?.flatMap((text) => text.split(',')) ?? false) : true,
    pull: flags.pull === true,
    accel: accelMode(flags.accel),
    outputs,
    network: networkMode(flags.network),
    allow: entitlements(list(flags.allow)),
    extraHosts: list(flags.addHost).map((text) => parseHost(text)),
    ...(flags.shmSize === undefined ? {} : { shmSize: parseBytes('--shm-size', flags.shmSize) }),
    ulimits: list(flags.ulimit).map((text) => parseUlimit(text)),
    ...(flags.cgroupParent === undefined ? {} : { cgroupParent: flags.cgroupParent }),
  };
}

function entitlements(texts: readonly string[]): string[] {
  const known = ['network.host', 'security.insecure'];
  for (const text of texts) {
    if (!known.includes(text))
      throw new PolyarchError(
        'INVALID_ARGUMENT',
        `--allow ${JSON.stringify(text)}: this engine knows ${known.join(' and ')}`,
      );
  }
  return [...texts];
}

/** As in buildx, the variable SOURCE_DATE_EPOCH counts like a build argument, which goes before it. */
function buildArgs(texts: readonly string[], env: NodeJS.ProcessEnv): BuildRequest['buildArgs'] {
  const epoch = env['SOURCE_DATE_EPOCH'] ?? '';
  const dated = epoch === '' ? [] : [`SOURCE_DATE_EPOCH=${epoch}`];
  return assignments('--build-arg', [...dated, ...texts], { env });
}

/** The id on stdout when asked for, files, and on stderr where the result is and how to go on. */
async function report(result: BuildResult, flags: BuildFlags, mode: ProgressMode, context: CliContext): Promise<void> {
  const write = (path: string, text: string) => writeFileAtomically(resolve(context.cwd, path), [Buffer.from(text)]);
  if (flags.iidfile !== undefined && result.imageId !== undefined) await write(flags.iidfile, result.imageId);
  if (flags.metadataFile !== undefined)
    await write(flags.metadataFile, `${JSON.stringify(result.metadata, null, 2)}\n`);
  if (mode === 'quiet') {
    if (result.imageId !== undefined) context.stdout.write(`${result.imageId}\n`);
    return;
  }
  const platforms = result.platforms.map((platform) => formatPlatform(platform)).join(', ');
  for (const { type, where } of result.outputs) {
    const files = type === 'local' || type === 'tar';
    const image =
      result.image === undefined || type === 'cacheonly' ? undefined : `${result.image.digest} (${platforms})`;
    const what = files ? 'the files' : (image ?? 'the result');
    context.notice(`${what} → ${where}`);
  }
  const kept = result.outputs.some(({ where }) => where.startsWith('the local store'));
  if (!kept || result.image === undefined) return;
  const name =
    result.tags[0] === undefined
      ? result.image.digest.slice('sha256:'.length, 'sha256:'.length + 12)
      : familiarReference(parseReference(result.tags[0]));
  context.notice(`run it:    polyarch run ${name}`);
  context.notice(`push it:   polyarch push ${name}`);
  context.notice(`export it: polyarch save -o image.tar ${name}`);
}

/** The last that is said, whatever else is quiet. */
function missingLines({ missing }: BuildResult): readonly string[] {
  if (missing.length === 0) return [];
  return [
    '',
    `WARNING: optional platforms failed: the result is WITHOUT ${missing.map(({ platform }) => formatPlatform(platform)).join(', ')}`,
    ...missing.map(({ platform, error }) => `  ${formatPlatform(platform)}: ${error.message} [${error.code}]`),
    '  --strict makes this an error',
  ];
}
