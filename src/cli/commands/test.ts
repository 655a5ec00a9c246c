import { parseTestCommand } from '../../build/image-test.ts';
import { testStoredImage } from '../../build/images-test.ts';
import { formatPlatform, parsePlatforms } from '../../oci/platform.ts';
import { accelFlag, accelMode } from '../accel-flag.ts';
import { networkMode, parseHost } from '../build-flags.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { openProgress, progressMode } from '../progress/progress.ts';
import { pullMode } from '../run-flags.ts';
import { TEST_TIMEOUT, parseDuration } from '../test-flags.ts';
import { type RegistryFlags, collect, hostPlatform, openWorkspace, registryFlags } from '../workspace.ts';

interface TestFlags extends RegistryFlags {
  readonly accel: string;
  readonly platform?: string[];
  readonly keepEntrypoint?: boolean;
  readonly timeout: string;
  readonly network: string;
  readonly addHost?: string[];
  readonly pull: string;
  readonly progress: string;
}

const EXAMPLES = `
One argument is a command for the image's shell, or a JSON array; several are a program and its arguments. The image's
ENTRYPOINT is left out unless --keep-entrypoint is given. Exit status: 0 when the command succeeded on every platform.

Examples:
  polyarch test registry.example/app:1 'app --version && test -s /etc/app.conf'
      in every platform's image
  polyarch test --platform linux/arm64,linux/s390x app /app --selftest
      on two platforms, without a shell
  polyarch test --keep-entrypoint --timeout 30s app '["--version"]'
      arguments for the image's ENTRYPOINT`;

const command: CliCommand = {
  define(program, context, done) {
    const defined = program
      .argument('<image>', 'a local image, or one to pull')
      .argument('<command...>', 'what must succeed')
      .passThroughOptions()
      .option(
        '--platform <list>',
        'only on these, e.g. linux/amd64,linux/arm64 (default: all that the image has)',
        collect,
      )
      .option('--keep-entrypoint', 'keep the image’s ENTRYPOINT before the command')
      .option('--timeout <time>', 'how long it may take on each platform, e.g. 90s', TEST_TIMEOUT)
      .option('--network <mode>', 'default, host or none', 'default')
      .option('--add-host <host:ip>', 'an entry of /etc/hosts', collect)
      .option('--pull <when>', 'missing, always or never', 'missing')
      .option(
        '--progress <mode>',
        'auto, plain, tty, quiet, rawjson or none',
        context.env['BUILDKIT_PROGRESS'] || 'auto',
      )
      .addHelpText('after', EXAMPLES);
    accelFlag(registryFlags(defined), context).action(async (image: string, words: string[], flags: TestFlags) =>
      done(await run(image, words, flags, context)),
    );
  },
};

export default command;

async function run(image: string, words: readonly string[], flags: TestFlags, context: CliContext): Promise<number> {
  const [only = ''] = words;
  const request = {
    image,
    command: words.length === 1 ? parseTestCommand(only) : words,
    platforms: parsePlatforms(flags.platform ?? []),
    pull: pullMode(flags.pull),
    keepEntrypoint: flags.keepEntrypoint === true,
    timeout: parseDuration('--timeout', flags.timeout),
    accel: accelMode(flags.accel),
    network: networkMode(flags.network),
    extraHosts: (flags.addHost ?? []).map((text) => parseHost(text)),
  };
  const progress = openProgress(progressMode(flags.progress), context);
  try {
    await using workspace = await openWorkspace(context, flags);
    const passed = await testStoredImage(workspace, request, {
      hostPlatform: hostPlatform(),
      notice: progress.notice,
      progress: progress.event,
      signal: context.signal,
    });
    progress.end();
    context.notice(`passed on ${passed.map((platform) => formatPlatform(platform)).join(', ')}`);
    return 0;
  } finally {
    progress.end();
  }
}
