import { resolve } from 'node:path';
import { saveImages, writeArchive } from '../../build/images-save.ts';
import { openLocalStore } from '../../build/local-store.ts';
import { parsePlatforms } from '../../oci/platform.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { collect } from '../flag-values.ts';

interface SaveFlags {
  readonly output?: string;
  readonly format: string;
  readonly platform?: string[];
}

const EXAMPLES = `
The archive is an OCI image layout; with --format docker, the default, any docker load reads it too. Of an image with
several platforms an old Docker gets a tag for each: app:1-amd64, app:1-arm64.

Examples:
  polyarch save -o app.tar app:1
      all local platforms of an image
  polyarch save --platform linux/arm64 app:1 | ssh board docker load
      one platform, straight to another machine`;

const command: CliCommand = {
  define(program, context, done) {
    program
      .argument('<image...>', 'local images')
      .option('-o, --output <file>', 'write to a file instead of stdout')
      .option('--format <format>', 'docker (an OCI layout that any docker load reads too) or oci', 'docker')
      .option('--platform <list>', 'only these platforms (default: all that are local)', collect)
      .addHelpText('after', EXAMPLES)
      .action(async (names: string[], flags: SaveFlags) => {
        await save(names, flags, context);
        done(0);
      });
  },
};

export default command;

async function save(names: readonly string[], flags: SaveFlags, context: CliContext): Promise<void> {
  const { format } = flags;
  if (format !== 'docker' && format !== 'oci')
    throw new PolyarchError('INVALID_ARGUMENT', `--format ${JSON.stringify(format)} is neither docker nor oci`);
  const file = flags.output === undefined || flags.output === '-' ? undefined : resolve(context.cwd, flags.output);
  if (file === undefined && context.stdout.isTTY) {
    throw new PolyarchError('INVALID_OUTPUT', 'an archive is not written to a terminal', {
      hint: 'give -o FILE, or redirect stdout',
    });
  }
  using local = openLocalStore(context.home);
  const { notice, signal } = context;
  const archive = saveImages(local, names, { format, platforms: parsePlatforms(flags.platform ?? []), notice, signal });
  await writeArchive(archive, file ?? context.stdout, { signal });
}
