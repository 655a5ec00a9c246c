import type { Command } from 'commander';
import { packsOf, packStore } from '../../build/accel.ts';
import { pushPacks } from '../../build/accel-share.ts';
import { formatReference, parseReference } from '../../oci/reference.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliContext } from '../context.ts';
import { transferView } from '../progress/transfer.ts';
import { type RegistryFlags, openWorkspace, registryFlags } from '../workspace.ts';

/** `polyarch accel push`. */
export function defineAccelPush(program: Command, context: CliContext, done: (status: number) => void): void {
  const defined = program
    .summary('Push packs to a registry')
    .description('Push packs to a registry, for `polyarch accel pull` on other machines')
    .argument('<reference>', 'REGISTRY/NAME[:TAG]')
    .argument('[id...]', 'packs, or beginnings of their ids (default: all)')
    .option('-q, --quiet', 'only print the name with the digest');
  registryFlags(defined).action(async (text: string, ids: string[], flags: RegistryFlags & { quiet?: boolean }) => {
    const reference = parseReference(text);
    const packs = packsOf(packStore(context.home), ids);
    if (packs.length === 0) {
      throw new PolyarchError('NOT_FOUND', 'there is no pack to push', { hint: 'polyarch accel make makes one' });
    }
    await using workspace = await openWorkspace(context, flags);
    const name = formatReference(reference);
    const view = transferView(`pushing ${name}`, 'Pushed', { quiet: flags.quiet === true, context });
    try {
      const { onProgress } = view;
      const root = await pushPacks(workspace, { reference: name, packs }, { onProgress, signal: context.signal });
      view.done();
      view.end();
      context.stdout.write(`${name}@${root.digest}\n`);
    } finally {
      view.end();
    }
    done(0);
  });
}
