import type { Command } from 'commander';
import { withBuildConfig } from '../../build/cross-request.ts';
import { plan } from '../../build/plan.ts';
import { destroyOnAbort } from '../../util/abort.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import { planText } from '../plan-text.ts';
import { collect, hostPlatform, openWorkspace, registryFlags } from '../workspace.ts';
import { accelFlag } from '../accel-flag.ts';
import { type BuildFlags, buildRequest } from './build.ts';

const EXAMPLES = `
Examples:
  polyarch plan --platform linux/amd64,linux/arm64,linux/arm/v7 .
      which steps are shared, which run natively and which emulated, and lines that would run natively
  polyarch plan --platform linux/arm64 --target build --build-arg VERSION=2 .
      one stage, as build would be called
  polyarch plan --platform linux/amd64,linux/arm64 --format json . | jq '.steps[] | select(.how == "emulated")'

Nothing is run and no layer is pulled: docs/plan.md. The exit status is 1 when a step cannot run here.`;

interface PlanFlags extends Pick<
  BuildFlags,
  | 'accel'
  | 'platform'
  | 'file'
  | 'target'
  | 'buildArg'
  | 'buildContext'
  | 'registryMirror'
  | 'registryHttp'
  | 'registryInsecure'
  | 'registryCa'
> {
  readonly format: string;
}

/** Of a build's flags those that no plan depends on. */
const NOT_ASKED = {
  archCheck: 'off',
  cache: true,
  call: 'build',
  network: 'default',
  progress: 'none',
  testTimeout: '1s',
};

const command: CliCommand = {
  define(program: Command, context, done) {
    const defined = program
      .argument('[context]', 'a folder, a git or tarball URL, or - for a tar or a Dockerfile on stdin', '.')
      .option('--platform <list>', 'platforms to build for: linux/amd64,linux/arm64,… or local', collect)
      .option('-f, --file <path>', 'the Dockerfile (default: CONTEXT/Dockerfile; - is stdin)', collect)
      .option('--target <stage>', 'the stage to build', collect)
      .option('--build-arg <name=value>', 'value of an ARG', collect)
      .option(
        '--build-context <name=value>',
        'a folder, docker-image://, oci-layout://, URL or target:STAGE for a name',
        collect,
      )
      .option('--format <format>', 'text or json', 'text')
      .addHelpText('after', EXAMPLES);
    registryFlags(accelFlag(defined, context)).action(async (path: string, flags: PlanFlags) => {
      const { format } = flags;
      if (format !== 'text' && format !== 'json')
        throw new PolyarchError('INVALID_ARGUMENT', `--format ${JSON.stringify(format)} is neither text nor json`);
      const request = withBuildConfig(buildRequest(path, { ...NOT_ASKED, ...flags }, context), context);
      using _stdin = request.stdin === undefined ? undefined : destroyOnAbort(context.stdin, context.signal);
      await using workspace = await openWorkspace(context, flags);
      const { cwd, env, signal, notice } = context;
      const made = await plan(workspace, request, { cwd, env, signal, notice, buildPlatform: hostPlatform() });
      context.stdout.write(format === 'json' ? `${JSON.stringify(made, undefined, 2)}\n` : planText(made));
      done(made.steps.some(({ how }) => how === 'impossible') ? 1 : 0);
    });
  },
};

export default command;
