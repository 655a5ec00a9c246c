import type { CliCommand } from '../command.ts';
import { defineCreate } from './imagetools-create.ts';
import { defineInspect } from './imagetools-inspect.ts';

const command: CliCommand = {
  define(program, context, done) {
    defineCreate(program.command('create'), context, done);
    defineInspect(program.command('inspect'), context, done);
  },
};

export default command;
