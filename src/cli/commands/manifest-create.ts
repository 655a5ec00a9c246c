import type { Command } from 'commander';
import { createDraft } from '../../build/draft-create.ts';
import { openDrafts } from '../../build/draft-list.ts';
import type { CliContext } from '../context.ts';
import { withInsecure } from '../insecure.ts';
import { openPlaces } from '../places.ts';
import { type RegistryFlags, registryFlags } from '../workspace.ts';

interface CreateFlags extends RegistryFlags {
  readonly amend?: boolean;
  readonly insecure?: boolean;
}

const EXAMPLES = `
An image is NAME[:TAG][@DIGEST] at any registry, a digest of the index's own repository, oci-layout://FOLDER[:TAG],
oci-archive://FILE, docker-archive://FILE, or local://IMAGE for one of the local store. Of an index all images are taken.
They are read anew each time, with --amend too.

Examples:
  polyarch manifest create registry.example/app:1 registry.example/app:1-amd64 registry.example/app:1-arm64
  polyarch manifest create --amend registry.example/app:1 local://app:riscv64
      one more image; a name that the draft has already is taken anew`;

/** `manifest create`, with Docker's flags. */
export function defineCreate(program: Command, context: CliContext, done: (status: number) => void): void {
  const defined = program
    .summary('Put an index together, to be pushed later')
    .description('Put an index together, to be pushed later')
    .argument('<index>', 'its name, NAME[:TAG]')
    .argument('<image...>', 'images and indexes')
    .option('-a, --amend', 'add to a draft that is there')
    .option('--insecure', 'take any certificate of the registries named, or plain http')
    .addHelpText('after', EXAMPLES);
  registryFlags(defined).action(async (index: string, sources: string[], given: CreateFlags) => {
    const flags = withInsecure(given, [index, ...sources]);
    await using places = openPlaces(context, flags);
    using drafts = openDrafts(context.home);
    const request = { index, sources, amend: flags.amend === true };
    const name = await createDraft({ places, drafts }, request, context);
    context.stdout.write(`Created manifest list ${name}\n`);
    done(0);
  });
}
