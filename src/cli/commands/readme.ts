import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pushReadme } from '../../build/readme.ts';
import { repositoryOf } from '../../build/tags.ts';
import { messageOf, PolyarchError } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import { registryOptions } from '../workspace.ts';

const EXAMPLES = `
The Hub takes 25,000 bytes of README and 100 of short text; more is refused before anything is sent. Its API
is looked for at POLYARCH_HUB_URL, else at the url of [hub] in config.toml, else where it is for everybody.

Examples:
  polyarch readme push me/app
      the README.md of this folder
  polyarch readme push me/app --file docs/hub.md --short "Builds for every architecture"`;

interface ReadmeFlags {
  readonly file?: string;
  readonly short?: string;
}

const command: CliCommand = {
  define(program, context, done) {
    program
      .addHelpText('after', EXAMPLES)
      .command('push')
      .summary('Set the README and the short text of a Docker Hub repository')
      .description('Set the README and the short text of a Docker Hub repository')
      .argument('<repository>', 'NAMESPACE/NAME')
      .option('-f, --file <file>', 'the README (default: README.md, unless only --short is given)')
      .option('--short <text>', 'the line under the name')
      .addHelpText('after', EXAMPLES)
      .action(async (text: string, flags: ReadmeFlags) => {
        const file = flags.file ?? (flags.short === undefined ? 'README.md' : undefined);
        const full = file === undefined ? undefined : await readme(resolve(context.cwd, file));
        const texts = {
          ...(full === undefined ? {} : { full }),
          ...(flags.short === undefined ? {} : { short: flags.short }),
        };
        const options = { ...registryOptions(context, {}), signal: context.signal };
        context.stdout.write(`${await pushReadme(repositoryOf(text), texts, options)}\n`);
        done(0);
      });
  },
};

export default command;

async function readme(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new PolyarchError('NOT_FOUND', `cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
      hint: 'name the file with --file',
    });
  }
}
