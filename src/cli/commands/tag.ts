import { tagImage } from '../../build/images-tag.ts';
import { openLocalStore } from '../../build/local-store.ts';
import type { CliCommand } from '../command.ts';

const EXAMPLES = `
Examples:
  polyarch tag app:1 registry.example/team/app:1
      a second name, to push the image to`;

const command: CliCommand = {
  define(program, context, done) {
    program
      .argument('<source>', 'a local image, by name or id')
      .argument('<target>', 'its new name, NAME[:TAG]')
      .addHelpText('after', EXAMPLES)
      .action((source: string, target: string) => {
        using local = openLocalStore(context.home);
        tagImage(local, source, target);
        done(0);
      });
  },
};

export default command;
