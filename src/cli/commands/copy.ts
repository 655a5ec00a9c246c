import { copyImage } from '../../build/copy.ts';
import { parsePlatforms } from '../../oci/platform.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { collect } from '../flag-values.ts';
import { openPlaces } from '../places.ts';
import { transferView } from '../progress/transfer.ts';
import { type RegistryFlags, registryFlags } from '../workspace.ts';

interface CopyFlags extends RegistryFlags {
  readonly all?: boolean;
  readonly platform?: string[];
  readonly referrers?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Source and destination: [HOST/]NAME[:TAG|@DIGEST] at a registry, oci-layout://FOLDER[:TAG], oci-archive://FILE[:NAME],
docker-archive://FILE[:NAME], or local://NAME for the local store. Everything is copied byte for byte, with all platforms;
within one registry nothing is sent. An archive that is there already is replaced.

Examples:
  polyarch copy registry.example/app:1 other.example/app:1
  polyarch copy --referrers registry.example/app:1 oci-archive://app.tar
      with signatures and SBOMs, into one file
  polyarch copy --platform linux/arm64,linux/riscv64 debian:bookworm 127.0.0.1:5000/debian:bookworm
      two platforms, under a new index
  polyarch copy docker-archive://app.tar local://app:1
      what docker save wrote`;

const command: CliCommand = {
  define(program, context, done) {
    const defined = program
      .argument('<source>', 'where the image is')
      .argument('<destination>', 'where it goes')
      .option('-a, --all', 'all platforms (default)')
      .option('--platform <list>', 'only these platforms; the index is a new one then', collect)
      .option('--referrers', 'also signatures and whatever else is attached to the image')
      .option('-q, --quiet', 'only print the digest')
      .addHelpText('after', EXAMPLES);
    registryFlags(defined).action(async (source: string, destination: string, flags: CopyFlags) => {
      await copy(source, destination, { flags, context });
      done(0);
    });
  },
};

export default command;

async function copy(
  source: string,
  destination: string,
  { flags, context }: { readonly flags: CopyFlags; readonly context: CliContext },
): Promise<void> {
  const platforms = parsePlatforms(flags.platform ?? []);
  if (flags.all === true && platforms.length > 0)
    throw new PolyarchError('INVALID_ARGUMENT', '--all and --platform exclude each other');
  await using places = openPlaces(context, flags);
  const view = transferView(`copying to ${destination}`, 'Copied', { quiet: flags.quiet === true, context });
  try {
    const request = { source, destination, platforms, referrers: flags.referrers === true };
    const options = { notice: context.notice, onProgress: view.onProgress, signal: context.signal };
    const copied = await copyImage(places, request, options);
    view.done();
    view.end();
    const { root, changed } = copied;
    if (!changed && flags.quiet !== true) context.notice(`${copied.destination} is up to date`);
    context.stdout.write(flags.quiet === true ? `${root.digest}\n` : `${copied.destination}: digest: ${root.digest}\n`);
  } finally {
    view.end();
  }
}
