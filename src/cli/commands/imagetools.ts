import type { CliCommand } from '../command.ts';
import { defineCreate } from './imagetools-create.ts';
import { defineInspect } from './imagetools-inspect.ts';

const EXAMPLES = `
Examples:
  polyarch imagetools inspect debian:bookworm
  polyarch imagetools create -t registry.example/app:1 registry.example/app:1-amd64 registry.example/app:1-arm64`;

const command: CliCommand = {
  define(program, context, done) {
    program.addHelpText('after', EXAMPLES);
    defineCreate(program.command('create'), context, done);
    defineInspect(program.command('inspect'), context, done);
  },
};

export default command;
