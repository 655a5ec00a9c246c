import type { Command } from 'commander';
import { setDebugSink } from '../util/debug.ts';
import { COMMANDS } from './command.ts';
import { type CliContext, cliContext } from './context.ts';
import { renderError } from './render-error.ts';
import { unknownCommand, usageError } from './usage-error.ts';
import { systemError } from '../util/system-error.ts';
import { processSignals } from './signals.ts';
import { version } from './version.ts';

/** Exit status of a usage error, as Docker's CLI has it. */
const USAGE = 125;

/** Runs one command line and gives its exit status. Only the asked command's module is loaded. */
export async function runCli(args: readonly string[]): Promise<number> {
  const signals = processSignals(process);
  let context: CliContext;
  try {
    context = cliContext(process, signals);
  } catch (error) {
    process.stderr.write(`${renderError(error)}\n`);
    return 1;
  }
  // A reader that went away (`polyarch images | head -1`) is no failure.
  context.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  // Nobody reads the progress any more: the build goes on, and the exit status tells how it ended.
  context.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return await runCommand(args, context, signals.status);
}

/** As `runCli`, with the process's part given; `interrupted` is the exit status that a signal asked for. */
export async function runCommand(
  args: readonly string[],
  context: CliContext,
  interrupted: () => number | undefined = () => undefined,
): Promise<number> {
  const { globals, rest } = splitGlobals(args);
  const debugging = globals.some((flag) => flag === '--debug' || flag === '-D');
  if (debugging || context.env['POLYARCH_DEBUG'] === '1')
    setDebugSink((scope, text) => context.notice(`debug ${scope}: ${text}`));
  else setDebugSink(undefined);
  try {
    return await dispatch([...globals, ...rest], context);
  } catch (error) {
    const status = interrupted();
    if (status !== undefined) {
      context.notice('canceled');
      return status;
    }
    context.notice(renderError(systemError(error, context.home)));
    return 1;
  }
}

/** Global flags are those before the command. */
function splitGlobals(args: readonly string[]): { globals: readonly string[]; rest: readonly string[] } {
  const command = args.findIndex((arg) => !arg.startsWith('-'));
  return command < 0 ? { globals: args, rest: [] } : { globals: args.slice(0, command), rest: args.slice(command) };
}

/** `help COMMAND` is `COMMAND --help`. */
function expandHelp(args: readonly string[]): readonly string[] {
  const at = args.findIndex((arg) => !arg.startsWith('-'));
  return args[at] === 'help'
    ? [...args.slice(0, at), ...args.slice(at + 1).filter((arg) => arg !== 'help'), '--help']
    : args;
}

/** The names of the command that is asked for, with its parents': `manifest create`. Undefined for none. */
function commandIn(program: Command, args: readonly string[]): string | undefined {
  const names: string[] = [];
  let at: Command | undefined = program;
  for (const arg of args.filter((word) => !word.startsWith('-'))) {
    at = at.commands.find((command) => command.name() === arg);
    if (at === undefined) break;
    names.push(arg);
  }
  return names.length === 0 ? undefined : names.join(' ');
}

async function dispatch(given: readonly string[], context: CliContext): Promise<number> {
  const args = expandHelp(given);
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-v')) {
    context.stdout.write(`${version()}\n`);
    return 0;
  }
  const { Command, CommanderError } = await import('commander');
  const program = new Command('polyarch')
    .description('Builds, tests and publishes container images for every CPU architecture.')
    .version(version(), '-v, --version')
    .option('-D, --debug', 'say what is done, on stderr')
    .helpCommand('help [command]', 'Show the help of a command')
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeErr: (text) => void context.stderr.write(text),
      writeOut: (text) => void context.stdout.write(text),
      outputError: () => {}, // told below
    })
    .addHelpText('after', '\nThe flags and examples of a command: polyarch COMMAND --help');
  let status = 0;
  const asked = args.find((arg) => !arg.startsWith('-')) ?? '';
  if (asked !== '' && !(asked in COMMANDS)) {
    context.notice(renderError(unknownCommand(asked, Object.keys(COMMANDS))));
    return USAGE;
  }
  for (const [name, entry] of Object.entries(COMMANDS)) {
    const command = program.command(name).summary(entry.summary).description(entry.summary);
    if (name === asked) (await entry.load()).define(command, context, (result) => (status = result));
  }
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // A command of commands alone shows its help.
    if (error.exitCode === 0 || error.code === 'commander.help') return 0;
    context.notice(renderError(usageError(error, commandIn(program, args))));
    return USAGE;
  }
}
