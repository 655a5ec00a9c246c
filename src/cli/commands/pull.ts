import { pullImage } from '../../build/images-pull.ts';
import { shownName } from '../../build/images-local.ts';
import { type Platform, parsePlatforms } from '../../oci/platform.ts';
import { familiarName, formatReference, parseReference, repositoryName } from '../../oci/reference.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { transferView } from '../progress/transfer.ts';
import { type RegistryFlags, collect, openWorkspace, registryFlags } from '../workspace.ts';

interface PullFlags extends RegistryFlags {
  readonly platform?: string[];
  readonly quiet?: boolean;
}

const EXAMPLES = `
Examples:
  polyarch pull busybox
      every platform of busybox:latest
  polyarch pull --platform linux/arm64,linux/s390x debian:bookworm
      two platforms of an image; the rest of its index can be fetched later`;

const command: CliCommand = {
  define(program, context, done) {
    const defined = program
      .argument('<image...>', 'NAME[:TAG|@DIGEST]')
      .option(
        '--platform <list>',
        'only these platforms, e.g. linux/amd64,linux/arm64 (default: all that the image has)',
        collect,
      )
      .option('-q, --quiet', 'only print the names')
      .addHelpText('after', EXAMPLES);
    registryFlags(defined).action(async (names: string[], flags: PullFlags) => {
      for (const name of names) parseReference(name);
      await using workspace = await openWorkspace(context, flags);
      const wanted =
        flags.platform ?? (context.env['DOCKER_DEFAULT_PLATFORM'] ? [context.env['DOCKER_DEFAULT_PLATFORM']] : []);
      for (const name of names) await pullOne(workspace, name, { flags, platforms: parsePlatforms(wanted), context });
      done(0);
    });
  },
};

export default command;

async function pullOne(
  workspace: Parameters<typeof pullImage>[0],
  name: string,
  { flags, platforms, context }: { flags: PullFlags; platforms: readonly Platform[]; context: CliContext },
): Promise<void> {
  const reference = parseReference(name);
  const short = familiarName(reference);
  const view = transferView(`pulling ${short}`, 'Pull complete', { quiet: flags.quiet === true, context });
  try {
    view.notice(`${reference.tag ?? reference.digest}: Pulling from ${short}`);
    const pulled = await pullImage(workspace, name, { platforms, onProgress: view.onProgress, signal: context.signal });
    view.done();
    view.end();
    report(pulled, flags, context);
  } finally {
    view.end();
  }
}

function report(
  { image, changed }: Awaited<ReturnType<typeof pullImage>>,
  flags: PullFlags,
  { stdout }: CliContext,
): void {
  const reference = parseReference(image.name);
  if (flags.quiet !== true) {
    stdout.write(`Digest: ${image.descriptor.digest}\n`);
    stdout.write(`Status: ${changed ? 'Downloaded newer image' : 'Image is up to date'} for ${shownName(image)}\n`);
  }
  stdout.write(
    `${reference.tag === undefined ? `${repositoryName(reference)}@${image.descriptor.digest}` : formatReference(reference)}\n`,
  );
}
