import type { CliCommand } from '../command.ts';
import { version } from '../version.ts';

const command: CliCommand = {
  define(program, context, done) {
    program.action(() => {
      context.stdout.write(`polyarch ${version()}\nnode ${process.version}\n${process.platform}/${process.arch}\n`);
      done(0);
    });
  },
};

export default command;
