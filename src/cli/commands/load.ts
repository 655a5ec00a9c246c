import { resolve } from 'node:path';
import { loadImages } from '../../build/images-load.ts';
import { familiarReference, parseReference } from '../../oci/reference.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import { openWorkspace } from '../workspace.ts';

const EXAMPLES = `
Examples:
  polyarch load -i app.tar
      a docker save archive or an OCI layout, compressed or not
  polyarch load -i layout/
      an OCI layout folder
  docker save app:1 | polyarch load
      an image of Docker's`;

const command: CliCommand = {
  define(program, context, done) {
    program
      .option('-i, --input <path>', 'an archive or an OCI layout folder (default: an archive on stdin)')
      .option('-q, --quiet', 'accepted for Docker’s sake: there is no progress to leave out')
      .addHelpText('after', EXAMPLES)
      .action(async ({ input }: { input?: string }) => {
        if (input === undefined && context.stdin.isTTY) {
          throw new PolyarchError('INVALID_ARGUMENT', 'there is no archive: stdin is a terminal', {
            hint: 'polyarch load -i FILE',
          });
        }
        await using workspace = await openWorkspace(context, {});
        const from = input === undefined || input === '-' ? context.stdin : resolve(context.cwd, input);
        for (const { name, root } of await loadImages(workspace, from, context)) {
          context.stdout.write(
            name === undefined
              ? `Loaded image ID: ${root.digest}\n`
              : `Loaded image: ${familiarReference(parseReference(name))}\n`,
          );
        }
        done(0);
      });
  },
};

export default command;
