import type { Command } from 'commander';
import { pullPacks } from '../../build/accel-share.ts';
import { parseReference } from '../../oci/reference.ts';
import type { CliContext } from '../context.ts';
import { transferView } from '../progress/transfer.ts';
import { type RegistryFlags, openWorkspace, registryFlags } from '../workspace.ts';

/** `polyarch accel pull`. */
export function defineAccelPull(program: Command, context: CliContext, done: (status: number) => void): void {
  const defined = program
    .summary('Take packs from a registry')
    .description(
      'Take the packs for this machine that `polyarch accel push` put into a registry; builds use them as their own',
    )
    .argument('<reference>', 'REGISTRY/NAME[:TAG|@DIGEST]; its owner chooses what runs native in your steps')
    .option('-q, --quiet', 'only print the ids');
  registryFlags(defined).action(async (reference: string, flags: RegistryFlags & { quiet?: boolean }) => {
    parseReference(reference);
    await using workspace = await openWorkspace(context, flags);
    const view = transferView(`pulling ${reference}`, 'Pull complete', { quiet: flags.quiet === true, context });
    try {
      const packs = await pullPacks(workspace, reference, {
        onProgress: view.onProgress,
        notice: context.notice,
        signal: context.signal,
      });
      view.done();
      view.end();
      for (const pack of packs) context.stdout.write(`${pack.id}\n`);
    } finally {
      view.end();
    }
    done(0);
  });
}
