import type { Command } from 'commander';
import { makePack, packStore, packsOf } from '../../build/accel.ts';
import type { ToolFamily } from '../../emulation/pairs.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { PolyarchError } from '../../util/error.ts';
import { accelFlag, accelMode } from '../accel-flag.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { ago, columns } from '../format.ts';
import { defineAccelPull } from './accel-pull.ts';
import { defineAccelPush } from './accel-push.ts';
import { type RegistryFlags, collect, hostPlatform, openWorkspace, registryFlags } from '../workspace.ts';

const EXAMPLES = `
A pack holds native programs that run in place of the same programs of a foreign root filesystem. Builds make packs when
they need them; docs/acceleration.md tells what is in them.

Examples:
  polyarch accel ls
  polyarch accel make --platform linux/arm64 --with gcc debian:trixie
      what a build on debian:trixie would make at its first apt-get install gcc
  polyarch accel push registry.example/packs:1
      shares all packs of this machine; polyarch accel pull registry.example/packs:1 takes them elsewhere
  polyarch accel verify
  polyarch accel rm 35cbdb689ea2`;

const FAMILIES: readonly ToolFamily[] = ['base', 'binutils', 'gcc', 'go', 'python'];

interface MakeFlags extends RegistryFlags {
  readonly platform?: string;
  readonly with?: string[];
  readonly accel: string;
}

const command: CliCommand = {
  define(program, context, done) {
    program.addHelpText('after', EXAMPLES);
    describe(program.command('ls'), 'List the packs')
      .option('--format <format>', 'table or json (one object a line)', 'table')
      .action((flags: { format: string }) => {
        list(flags.format, context);
        done(0);
      });
    const make = describe(program.command('make'), 'Make the pack of an image, or bring it up to date')
      .argument('<image>', 'a local image, or one to pull')
      .option('--platform <platform>', 'its platform, e.g. linux/arm64')
      .option('--with <families>', 'tools that it will install: binutils, gcc, go, python', collect);
    accelFlag(registryFlags(make), context).action(async (image: string, flags: MakeFlags) => {
      await makeOne(image, flags, context);
      done(0);
    });
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

async function makeOne(image: string, flags: MakeFlags, context: CliContext): Promise<void> {
  const level = accelMode(flags.accel === 'off' ? 'exact' : flags.accel);
  const names = (flags.with ?? []).flatMap((text) => text.split(','));
  const families = names.map((name) => {
    const family = FAMILIES.find((one) => one === name);
    if (family !== undefined) return family;
    throw new PolyarchError('INVALID_ARGUMENT', `--with ${JSON.stringify(name)} is none of ${FAMILIES.join(', ')}`);
  });
  const platform = flags.platform ?? context.env['DOCKER_DEFAULT_PLATFORM'];
  if (platform === undefined || platform === '' || level === 'off') {
    throw new PolyarchError('INVALID_ARGUMENT', 'a pack is for one foreign platform', {
      hint: 'add --platform, e.g. --platform linux/arm64',
    });
  }
  await using workspace = await openWorkspace(context, flags);
  const pack = await makePack(
    workspace,
    { image, platform: parsePlatform(platform), level, families },
    { hostPlatform: hostPlatform(), notice: context.notice, signal: context.signal },
  );
  context.stdout.write(`${pack.id}\n`);
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
