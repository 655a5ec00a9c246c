import { isatty } from 'node:tty';
import { type RunRequest, runImage } from '../../build/images-run.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { PolyarchError } from '../../util/error.ts';
import { networkMode, parseHost } from '../build-flags.ts';
import { accelFlag, accelMode } from '../accel-flag.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { containerStatus, parseVolume, pullMode, runEnvironment } from '../run-flags.ts';
import { type RegistryFlags, collect, hostPlatform, openWorkspace, registryFlags } from '../workspace.ts';

interface RunFlags extends RegistryFlags {
  readonly platform?: string;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly env?: string[];
  readonly envFile?: string[];
  readonly volume?: string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly entrypoint?: string;
  readonly network: string;
  readonly addHost?: string[];
  readonly hostname?: string;
  readonly readOnly?: boolean;
  readonly pull: string;
  readonly accel: string;
}

const EXAMPLES = `
The container is gone when its process ends; what it wrote outside of volumes is lost (--rm is always on).
Exit status: the process's own; 125 when polyarch failed, 126 when the program cannot be executed, 127 when it is not there.

Examples:
  polyarch run --platform linux/arm64 app
      run the arm64 image of app, emulated where needed
  polyarch run -it --platform linux/s390x debian bash
      a shell on another architecture
  polyarch run -v "$PWD:/src:ro" -w /src golang go vet ./...
      a tool of an image on files of this machine`;

const command: CliCommand = {
  define(program, context, done) {
    const defined = program
      .argument('<image>', 'a local image, or one to pull')
      .argument('[command...]', 'what to run instead of the image’s CMD')
      .passThroughOptions()
      .option(
        '--platform <platform>',
        'the platform to run, e.g. linux/arm64 (default: this machine’s, else the image’s only one)',
      )
      .option('-i, --interactive', 'pass stdin to the process')
      .option('-t, --tty', 'give the process a terminal')
      .option('--rm', 'accepted for Docker’s sake: nothing is ever kept')
      .option('-e, --env <name=value>', 'an environment variable; NAME alone takes this environment’s', collect)
      .option('--env-file <path>', 'a file of NAME=VALUE lines', collect)
      .option('-v, --volume <source:target>', 'a folder or file of this machine, SOURCE:TARGET[:ro]', collect)
      .option('-w, --workdir <path>', 'the working folder')
      .option('-u, --user <user>', 'NAME|UID[:GROUP|GID]')
      .option('--entrypoint <program>', 'instead of the image’s ENTRYPOINT; the image’s CMD is dropped too')
      .option('--network <mode>', 'default, host or none', 'default')
      .option('--add-host <host:ip>', 'an entry of /etc/hosts', collect)
      .option('--hostname <name>', 'the host’s name in the container')
      .option('--read-only', 'the image’s files cannot be written')
      .option('--pull <when>', 'missing, always or never', 'missing')
      .addHelpText('after', EXAMPLES);
    accelFlag(registryFlags(defined), context).action(async (image: string, args: string[], flags: RunFlags) =>
      done(await run(image, args, flags, context)),
    );
  },
};

export default command;

async function run(image: string, args: readonly string[], flags: RunFlags, context: CliContext): Promise<number> {
  try {
    const terminal = flags.tty === true ? [0, 1, 2].find((fd) => isatty(fd)) : undefined;
    if (flags.tty === true && terminal === undefined)
      context.notice('note: there is no terminal here: -t does nothing');
    const request = runRequest(image, args, flags, { context, terminal: terminal !== undefined });
    await using workspace = await openWorkspace(context, flags, {
      workerStdio: [flags.interactive === true ? 'inherit' : (terminal ?? 'ignore'), 'inherit', 'inherit'],
    });
    using signals = context.takeSignals();
    return await runImage(workspace, request, {
      hostPlatform: hostPlatform(),
      notice: context.notice,
      onStart: (send) => signals.forward(send),
      signal: context.signal,
    });
  } catch (error) {
    return containerStatus(error, context);
  }
}

function runRequest(
  image: string,
  command: readonly string[],
  flags: RunFlags,
  { context, terminal }: { context: CliContext; terminal: boolean },
): RunRequest {
  const { env, cwd } = context;
  const pull = pullMode(flags.pull);
  if (flags.tty === true && flags.interactive === true && !isatty(0)) {
    throw new PolyarchError('NO_TERMINAL', 'stdin is not a terminal: -t with -i needs one', { hint: 'leave -t away' });
  }
  const platform = flags.platform ?? env['DOCKER_DEFAULT_PLATFORM'];
  return {
    image,
    command,
    ...(platform === undefined || platform === '' ? {} : { platform: parsePlatform(platform) }),
    pull,
    ...(flags.entrypoint === undefined ? {} : { entrypoint: flags.entrypoint }),
    env: runEnvironment(flags.envFile ?? [], flags.env ?? [], { cwd, env }),
    ...(flags.workdir === undefined ? {} : { cwd: flags.workdir }),
    ...(flags.user === undefined ? {} : { user: flags.user }),
    ...(flags.hostname === undefined ? {} : { hostname: flags.hostname }),
    network: networkMode(flags.network),
    extraHosts: (flags.addHost ?? []).map((text) => parseHost(text)),
    binds: (flags.volume ?? []).map((text) => parseVolume(text, cwd)),
    readonlyRootfs: flags.readOnly === true,
    terminal,
    accel: accelMode(flags.accel),
  };
}
