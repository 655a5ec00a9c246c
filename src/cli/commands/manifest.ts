import { listDrafts, openDrafts, removeDraft } from '../../build/draft-list.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { ago, columns } from '../format.ts';
import { renderError } from '../render-error.ts';
import { fillTemplate } from '../template/fill.ts';
import { defineAnnotate } from './manifest-annotate.ts';
import { defineCreate } from './manifest-create.ts';
import { defineInspect } from './manifest-inspect.ts';
import { definePush } from './manifest-push.ts';

const EXAMPLES = `
A draft is an index that is put together here and pushed later. It keeps what its images were when it took them; when one
moved since, inspect and push say so. Without a draft: polyarch imagetools create, polyarch merge.

Examples:
  polyarch manifest create registry.example/app:1 registry.example/app:1-amd64 registry.example/app:1-armv6
  polyarch manifest annotate registry.example/app:1 registry.example/app:1-armv6 --arch arm --variant v6
  polyarch manifest push --purge registry.example/app:1`;

const LS_EXAMPLES = `
Examples:
  polyarch manifest ls
  polyarch manifest ls --format '{{.Name}} {{.Sources}}'
      one line of one's own for each`;

const RM_EXAMPLES = `
Examples:
  polyarch manifest rm registry.example/app:1
      only the draft: what it was made of, and what was pushed, stays`;

interface ListFlags {
  readonly format: string;
  readonly quiet?: boolean;
}

const command: CliCommand = {
  define(program, context, done) {
    program.addHelpText('after', EXAMPLES);
    defineCreate(program.command('create'), context, done);
    defineAnnotate(program.command('annotate'), context, done);
    defineInspect(program.command('inspect'), context, done);
    definePush(program.command('push'), context, done);
    program
      .command('ls')
      .summary('List the drafts')
      .description('List the drafts')
      .option('--format <format>', 'table, json (one object a line), or a template like {{.Name}}', 'table')
      .option('-q, --quiet', 'only the names')
      .addHelpText('after', LS_EXAMPLES)
      .action((flags: ListFlags) => {
        list(flags, context);
        done(0);
      });
    program
      .command('rm')
      .summary('Remove drafts')
      .description('Remove drafts')
      .argument('<index...>', 'drafts, NAME[:TAG]')
      .addHelpText('after', RM_EXAMPLES)
      .action((names: string[]) => done(remove(names, context)));
  },
};

export default command;

function list({ format, quiet }: ListFlags, { home, stdout }: CliContext): void {
  using drafts = openDrafts(home);
  const found = listDrafts(drafts);
  if (quiet === true) return void stdout.write(found.map(({ name }) => `${name}\n`).join(''));
  const records = found.map(({ name, platforms, sources, createdAt, updatedAt }) => ({
    Name: name,
    Platforms: platforms,
    Sources: sources,
    CreatedAt: new Date(createdAt).toISOString(),
    UpdatedAt: new Date(updatedAt).toISOString(),
    UpdatedSince: ago(updatedAt),
  }));
  if (format === 'json') return void stdout.write(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  if (format !== 'table')
    return void stdout.write(records.map((record) => `${fillTemplate(format, record)}\n`).join(''));
  const rows = records.map((record) => [
    record.Name,
    record.Platforms.join(','),
    String(record.Sources.length),
    record.UpdatedSince,
  ]);
  stdout.write(columns([['NAME', 'PLATFORMS', 'SOURCES', 'CHANGED'], ...rows]));
}

function remove(names: readonly string[], { home, notice }: CliContext): number {
  using drafts = openDrafts(home);
  let status = 0;
  for (const name of names) {
    try {
      removeDraft(drafts, name);
    } catch (error) {
      if (names.length === 1 || !(error instanceof PolyarchError)) throw error;
      notice(renderError(error));
      status = 1;
    }
  }
  return status;
}
