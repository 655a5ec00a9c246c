import { type ListedTag, openTags, repositoryOf, tagOf } from '../../build/tags.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { ago, bytes, columns } from '../format.ts';
import { renderError } from '../render-error.ts';
import { type RegistryFlags, registryFlags, registryOptions } from '../workspace.ts';

const EXAMPLES = `
Examples:
  polyarch tags ls registry.example/team/app
  polyarch tags rm registry.example/team/app:old
Many old ones at once: polyarch prune --registry registry.example/team/app`;

const LS_EXAMPLES = `
Of an index every platform is listed, and the size is that of all of them. CREATED is when the image was made, as it says
itself; at Docker Hub, when it was pushed.

Examples:
  polyarch tags ls registry.example/team/app
  polyarch tags ls --format json alpine
      one object a line`;

const RM_EXAMPLES = `
Only the tag goes where the registry can do that (Docker Hub, distribution 3, zot). Where it can only remove a manifest,
that is said, with all the tags that would go; --with-digest removes them, unless an index that stays needs the manifest.

Examples:
  polyarch tags rm registry.example/team/app:old
  polyarch tags rm --with-digest 127.0.0.1:5000/app:1`;

interface ListFlags extends RegistryFlags {
  readonly format: string;
  readonly quiet?: boolean;
}

interface RemoveFlags extends RegistryFlags {
  readonly withDigest?: boolean;
}

const command: CliCommand = {
  define(program, context, done) {
    program.addHelpText('after', EXAMPLES);
    const list = program
      .command('ls')
      .summary('List the tags of a repository')
      .description('List the tags of a repository')
      .argument('<repository>', '[HOST/]NAME')
      .option('--format <format>', 'table or json (one object a line)', 'table')
      .option('-q, --quiet', 'only the tags')
      .addHelpText('after', LS_EXAMPLES);
    registryFlags(list).action(async (text: string, flags: ListFlags) => {
      await ls(text, flags, context);
      done(0);
    });
    const remove = program
      .command('rm')
      .summary('Remove tags from their registry')
      .description('Remove tags from their registry')
      .argument('<tag...>', '[HOST/]NAME:TAG')
      .option('--with-digest', 'where a tag does not go alone, remove its manifest with all its tags')
      .addHelpText('after', RM_EXAMPLES);
    registryFlags(remove).action(async (texts: string[], flags: RemoveFlags) => done(await rm(texts, flags, context)));
  },
};

export default command;

async function ls(text: string, flags: ListFlags, context: CliContext): Promise<void> {
  const { format } = flags;
  if (format !== 'table' && format !== 'json')
    throw new PolyarchError('INVALID_ARGUMENT', `--format ${JSON.stringify(format)} is neither table nor json`);
  const options = { ...registryOptions(context, flags), signal: context.signal };
  await using repository = await openTags(repositoryOf(text), 'list', options);
  const tags = await repository.list();
  const lines =
    flags.quiet === true
      ? tags.map(({ tag }) => `${tag}\n`).join('')
      : format === 'json'
        ? tags.map((tag) => `${JSON.stringify(record(tag))}\n`).join('')
        : table(tags);
  context.stdout.write(lines);
}

function record({ tag, digest, platforms, size, created }: ListedTag): object {
  const time = created === undefined ? null : new Date(created).toISOString();
  return { tag, digest: digest ?? null, platforms, size, created: time };
}

function table(tags: readonly ListedTag[]): string {
  const rows = tags.map(({ tag, digest, platforms, size, created }) => [
    tag,
    digest === undefined ? '<gone>' : digest.slice(0, 'sha256:'.length + 12),
    platforms.join(',') || '-',
    bytes(size),
    created === undefined ? '-' : ago(created),
  ]);
  return columns([['TAG', 'DIGEST', 'PLATFORMS', 'SIZE', 'CREATED'], ...rows]);
}

async function rm(texts: readonly string[], flags: RemoveFlags, context: CliContext): Promise<number> {
  const options = { ...registryOptions(context, flags), signal: context.signal };
  let status = 0;
  for (const reference of texts.map(tagOf)) {
    try {
      await using repository = await openTags(reference, 'remove', options);
      const { tags, manifests } = await repository.remove(reference.tag, { withDigest: flags.withDigest === true });
      for (const tag of tags) context.stdout.write(`Untagged: ${repository.name}:${tag}\n`);
      for (const digest of manifests) context.stdout.write(`Deleted: ${repository.name}@${digest}\n`);
    } catch (error) {
      if (texts.length === 1) throw error;
      context.signal.throwIfAborted();
      context.notice(renderError(error));
      status = 1;
    }
  }
  return status;
}
