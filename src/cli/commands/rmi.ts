import { removeImage } from '../../build/images-remove.ts';
import { hasCode } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import { renderError } from '../render-error.ts';
import { openWorkspace } from '../workspace.ts';

const EXAMPLES = `
With an image's last name goes its content, save what another image or the build cache needs.

Examples:
  polyarch rmi app:1 app:2
  polyarch rmi -f 7babbb8f9d2e
      an image with all its names`;

const command: CliCommand = {
  define(program, context, done) {
    program
      .argument('<image...>', 'local images, by name or id')
      .option('-f, --force', 'by id, remove an image of several names; it is no failure when an image is not there')
      .addHelpText('after', EXAMPLES)
      .action(async (names: string[], flags: { force?: boolean }) => {
        await using workspace = await openWorkspace(context, {}, { hold: 'if-free' });
        let status = 0;
        for (const name of names) {
          try {
            const { untagged, deleted } = await removeImage(workspace.engine, name, { force: flags.force === true });
            for (const tag of untagged) context.stdout.write(`Untagged: ${tag}\n`);
            if (deleted !== undefined) context.stdout.write(`Deleted: ${deleted}\n`);
          } catch (error) {
            context.notice(renderError(error));
            if (flags.force !== true || !hasCode(error, 'IMAGE_NOT_FOUND')) status = 1;
          }
        }
        done(status);
      });
  },
};

export default command;
