import type { Command } from 'commander';
import { inspectEntry, inspectManifest, type InspectedManifest } from '../../build/draft-inspect.ts';
import { openDrafts } from '../../build/draft-list.ts';
import type { CliContext } from '../context.ts';
import { withInsecure } from '../insecure.ts';
import { openPlaces } from '../places.ts';
import { type RegistryFlags, registryFlags } from '../workspace.ts';

interface InspectFlags extends RegistryFlags {
  readonly insecure?: boolean;
  readonly verbose?: boolean;
}

const EXAMPLES = `
A draft of that name is shown first, as it would be pushed. What is odd is said on stderr: images that moved since the draft
took them, children that are gone, entries without a platform. The bytes as they are: polyarch imagetools inspect --raw.

Examples:
  polyarch manifest inspect debian:bookworm
  polyarch manifest inspect -v oci-layout://out
      every image's manifest with its descriptor
  polyarch manifest inspect -v registry.example/app:1 registry.example/app:1-arm64
      one image of a draft`;

/** `manifest inspect`, in Docker's shapes. */
export function defineInspect(program: Command, context: CliContext, done: (status: number) => void): void {
  const defined = program
    .summary('Show a draft, an index or a manifest')
    .description('Show a draft, an index or a manifest')
    .argument('<name>', 'a draft, or an image: NAME[:TAG][@DIGEST], oci-layout://FOLDER[:TAG] …')
    .argument('[image]', 'of a draft: one of its images')
    .option('-v, --verbose', 'show the manifests of an index too, with their platforms')
    .option('--insecure', 'take any certificate of the registry named, or plain http')
    .addHelpText('after', EXAMPLES);
  registryFlags(defined).action(async (name: string, image: string | undefined, given: InspectFlags) => {
    const flags = withInsecure(given, image === undefined ? [name] : []);
    await using places = openPlaces(context, flags);
    using drafts = openDrafts(context.home);
    const found =
      image === undefined
        ? await inspectManifest({ places, drafts }, name, context)
        : inspectEntry({ places, drafts }, name, image);
    for (const finding of found.findings) context.notice(finding);
    context.stdout.write(`${await shown(found, flags.verbose === true)}\n`);
    done(0);
  });
}

/** Docker's indents. */
async function shown({ kind, content, verbose }: InspectedManifest, all: boolean): Promise<string> {
  if (!all) {
    const document: unknown = JSON.parse(Buffer.from(content).toString('utf8'));
    return JSON.stringify(document, null, kind === 'index' ? 3 : '\t');
  }
  const manifests = await verbose();
  return JSON.stringify(kind === 'index' ? manifests : manifests[0], null, '\t');
}
