import type { Command } from 'commander';
import { makePack } from '../../build/accel.ts';
import { makePackFromSource } from '../../build/accel-source.ts';
import { hostRelease } from '../../build/host-release.ts';
import type { ToolFamily } from '../../emulation/pairs.ts';
import { type Platform, parsePlatform } from '../../oci/platform.ts';
import { PolyarchError } from '../../util/error.ts';
import { accelFlag, accelMode } from '../accel-flag.ts';
import type { CliContext } from '../context.ts';
import { openProgress, progressMode } from '../progress/progress.ts';
import { type RegistryFlags, collect, hostPlatform, openWorkspace, registryFlags } from '../workspace.ts';

const EXAMPLES = `
Examples:
  polyarch accel make --platform linux/arm64 --with gcc debian:trixie
      what a build on debian:trixie would make at its first apt-get install gcc
  polyarch accel make --from-source gcc-12@12.2.0-14+deb12u1 --platform linux/arm64
      builds bookworm's gcc, of which Debian has no exact cross compiler; a quarter of an hour of two processors, once`;

const FAMILIES: readonly ToolFamily[] = ['base', 'binutils', 'gcc', 'go', 'python'];

interface MakeFlags extends RegistryFlags {
  readonly platform?: string;
  readonly with?: string[];
  readonly accel: string;
  readonly fromSource?: string;
  readonly release?: string;
  readonly base?: string;
  readonly progress: string;
}

/** `polyarch accel make`. */
export function defineAccelMake(program: Command, context: CliContext, done: (status: number) => void): void {
  const defined = program
    .summary('Make the pack of an image, or bring it up to date')
    .description('Make the pack of an image, bring it up to date, or build a compiler for packs from source')
    .argument('[image]', 'a local image, or one to pull')
    .option('--platform <platform>', 'its platform, e.g. linux/arm64')
    .option('--with <families>', 'tools that it will install: binutils, gcc, go, python', collect)
    .option(
      '--from-source <package@version>',
      'build the compiler of this source package instead, e.g. gcc-12@12.2.0-14+deb12u1',
    )
    .option('--release <codename>', 'the release that has the source package (default: this machine’s)')
    .option('--base <image>', 'where to build from source (default: the release’s image, e.g. debian:bookworm)')
    .option('--progress <mode>', 'how a build from source is shown: auto, plain, tty, quiet', 'auto')
    .addHelpText('after', EXAMPLES);
  accelFlag(registryFlags(defined), context).action(async (image: string | undefined, flags: MakeFlags) => {
    const id =
      flags.fromSource === undefined ? await makeOf(image, flags, context) : await build(image, flags, context);
    context.stdout.write(`${id}\n`);
    done(0);
  });
}

async function makeOf(image: string | undefined, flags: MakeFlags, context: CliContext): Promise<string> {
  if (image === undefined) {
    throw new PolyarchError('INVALID_ARGUMENT', 'no image is named whose pack is to be made', {
      hint: 'polyarch accel make --platform linux/arm64 debian:bookworm',
    });
  }
  const level = accelMode(flags.accel === 'off' ? 'exact' : flags.accel);
  const names = (flags.with ?? []).flatMap((text) => text.split(','));
  const families = names.map((name) => {
    const family = FAMILIES.find((one) => one === name);
    if (family !== undefined) return family;
    throw new PolyarchError('INVALID_ARGUMENT', `--with ${JSON.stringify(name)} is none of ${FAMILIES.join(', ')}`);
  });
  const platform = foreignPlatform(flags, context);
  if (level === 'off') throw new Error('exact stands for off');
  await using workspace = await openWorkspace(context, flags);
  const pack = await makePack(
    workspace,
    { image, platform, level, families },
    { hostPlatform: hostPlatform(), notice: context.notice, signal: context.signal },
  );
  return pack.id;
}

async function build(image: string | undefined, flags: MakeFlags, context: CliContext): Promise<string> {
  const [, name, version] = /^([a-z0-9][a-z0-9.+-]*)@([\w.+~:-]+)$/.exec(flags.fromSource ?? '') ?? [];
  if (name === undefined || version === undefined || image !== undefined) {
    const fault = image === undefined ? 'is no PACKAGE@VERSION' : 'takes no image';
    throw new PolyarchError('INVALID_ARGUMENT', `--from-source ${flags.fromSource ?? ''} ${fault}`, {
      hint: 'e.g. --from-source gcc-12@12.2.0-14+deb12u1; --base names the image to build in',
    });
  }
  const platform = foreignPlatform(flags, context);
  const release = hostRelease(flags.release);
  const base = flags.base === undefined ? {} : { base: flags.base };
  const view = openProgress(progressMode(flags.progress), context);
  try {
    await using workspace = await openWorkspace(context, flags);
    const pack = await makePackFromSource(
      workspace,
      { name, version, platform, release, ...base },
      {
        cwd: context.cwd,
        buildPlatform: hostPlatform(),
        env: context.env,
        signal: context.signal,
        progress: view.event,
        notice: view.notice,
        stdout: context.stdout,
      },
    );
    return pack.id;
  } finally {
    view.end();
  }
}

function foreignPlatform(flags: MakeFlags, context: CliContext): Platform {
  const platform = flags.platform ?? context.env['DOCKER_DEFAULT_PLATFORM'];
  if (platform !== undefined && platform !== '') return parsePlatform(platform);
  throw new PolyarchError('INVALID_ARGUMENT', 'a pack is for one foreign platform', {
    hint: 'add --platform, e.g. --platform linux/arm64',
  });
}
