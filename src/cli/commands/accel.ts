import type { Command } from 'commander';
import { packStore, packsOf } from '../../build/accel.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { ago, columns } from '../format.ts';
import { defineAccelMake } from './accel-make.ts';
import { defineAccelPull } from './accel-pull.ts';
import { defineAccelPush } from './accel-push.ts';

const EXAMPLES = `
A pack holds native programs that run in place of the same programs of a foreign root filesystem. Builds make packs when
they need them; docs/acceleration.md tells what is in them.

Examples:
  polyarch accel ls
  polyarch accel make --platform linux/arm64 --with gcc debian:trixie
  polyarch accel push registry.example/packs:1
      shares all packs of this machine; polyarch accel pull registry.example/packs:1 takes them elsewhere
  polyarch accel verify
  polyarch accel rm 35cbdb689ea2`;

const command: CliCommand = {
  define(program, context, done) {
    program.addHelpText('after', EXAMPLES);
    describe(program.command('ls'), 'List the packs')
      .option('--format <format>', 'table or json (one object a line)', 'table')
      .action((flags: { format: string }) => {
        list(flags.format, context);
        done(0);
      });
    defineAccelMake(program.command('make'), context, done);
    defineAccelPush(program.command('push'), context, done);
    defineAccelPull(program.command('pull'), context, done);
    describe(program.command('verify'), 'Check that packs are as they were made')
      .argument('[id...]', 'packs, or beginnings of their ids (default: all)')
      .action((ids: string[]) => done(verify(ids, context)));
    describe(program.command('rm'), 'Remove packs')
      .argument('[id...]', 'packs, or beginnings of their ids')
      .option('--all', 'all of them, and the packages that they were made of')
      .action((ids: string[], flags: { all?: boolean }) => {
        remove(ids, flags.all === true, context);
        done(0);
      });
  },
};

export default command;

function describe(command: Command, text: string): Command {
  return command.summary(text).description(text);
}

function list(format: string, context: CliContext): void {
  if (format !== 'table' && format !== 'json')
    throw new PolyarchError('INVALID_ARGUMENT', `--format ${JSON.stringify(format)} is neither table nor json`);
  const packs = packStore(context.home).list();
  if (format === 'json') {
    for (const pack of packs) context.stdout.write(`${JSON.stringify(pack)}\n`);
    return;
  }
  const rows = packs.map((pack) => [
    pack.id.slice(0, 12),
    pack.release,
    `${pack.foreign} on ${pack.native}`,
    pack.level,
    String(pack.tools),
    ago(pack.made),
    pack.packages.map((name) => name.split(' ')[0]).join(' '),
  ]);
  context.stdout.write(columns([['ID', 'RELEASE', 'PROGRAMS OF', 'LEVEL', 'COUNT', 'MADE', 'PACKAGES'], ...rows]));
}

function verify(ids: readonly string[], context: CliContext): number {
  const store = packStore(context.home);
  const broken = packsOf(store, ids).filter((pack) => !store.isWhole(pack.id));
  for (const pack of broken)
    context.notice(`the pack ${pack.id} is not as it was made: polyarch accel rm ${pack.id.slice(0, 12)}`);
  return broken.length === 0 ? 0 : 1;
}

function remove(ids: readonly string[], all: boolean, context: CliContext): void {
  if (ids.length === 0 && !all) {
    throw new PolyarchError('INVALID_ARGUMENT', 'no pack is named', {
      hint: 'polyarch accel ls, or polyarch accel rm --all',
    });
  }
  const store = packStore(context.home);
  for (const pack of packsOf(store, all ? [] : ids)) {
    store.remove(pack.id);
    context.stdout.write(`${pack.id}\n`);
  }
  if (all) store.forget();
}
