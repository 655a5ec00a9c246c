import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openDrafts } from '../../build/draft-list.ts';
import { pushDraft } from '../../build/draft-push.ts';
import { writeFileAtomically } from '../../exporter/atomic-file.ts';
import { draftName } from '../../manifest/draft-store.ts';
import type { CliContext } from '../context.ts';
import { withInsecure } from '../insecure.ts';
import { openPlaces } from '../places.ts';
import { transferView } from '../progress/transfer.ts';
import { type RegistryFlags, registryFlags } from '../workspace.ts';

interface PushFlags extends RegistryFlags {
  readonly digestfile?: string;
  readonly insecure?: boolean;
  readonly purge?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Images of other repositories, registries, folders and the local store go along; the tag is set when all is there. The digest is
printed. Pushing again what is there already is success.

Examples:
  polyarch manifest push --purge registry.example/app:1
      and forget the draft
  polyarch manifest push --digestfile digest.txt registry.example/app:1 oci-layout://out
      to another place than its name says`;

/** `manifest push`, with Docker's flags; `--digestfile` and the destination are podman's. */
export function definePush(program: Command, context: CliContext, done: (status: number) => void): void {
  const defined = program
    .summary('Push a draft with all its images')
    .description('Push a draft with all its images')
    .argument('<index>', 'the draft')
    .argument('[destination]', 'NAME[:TAG], oci-layout://FOLDER[:TAG] or local://NAME (default: the draft’s name)')
    .option('-p, --purge', 'remove the draft afterwards')
    .option('--digestfile <file>', 'write the index’s digest to a file')
    .option('--insecure', 'take any certificate of the registry named, or plain http')
    .option('-q, --quiet', 'show no progress')
    .addHelpText('after', EXAMPLES);
  registryFlags(defined).action(async (index: string, to: string | undefined, given: PushFlags) => {
    const flags = withInsecure(given, [index, ...(to === undefined ? [] : [to])]);
    const { cwd, notice, signal } = context;
    await using places = openPlaces(context, flags);
    using drafts = openDrafts(context.home);
    const draft = drafts.require(draftName(index));
    const view = transferView(`pushing ${to ?? index}`, 'Pushed', { quiet: flags.quiet === true, context });
    try {
      const destination = to === undefined ? {} : { destination: places.parse(to) };
      const options = { ...destination, notice, onProgress: view.onProgress, signal };
      const { descriptor, tags } = await pushDraft(places, draft, options);
      view.done();
      view.end();
      for (const { target, tag, moved } of tags)
        notice(`${target.name}:${tag}: ${moved ? '' : 'already '}at ${descriptor.digest}`);
      if (flags.digestfile !== undefined)
        await writeFileAtomically(resolve(cwd, flags.digestfile), [Buffer.from(descriptor.digest)]);
      if (flags.purge === true && !drafts.remove(draft.name, { only: draft }))
        notice(`note: ${draft.name} was changed meanwhile: the draft stays`);
      context.stdout.write(`${descriptor.digest}\n`);
    } finally {
      view.end();
    }
    done(0);
  });
}
