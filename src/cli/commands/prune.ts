import { type PruneAnswer, preparePrune, prune } from '../../build/prune.ts';
import { PolyarchError } from '../../util/error.ts';
import { confirm } from '../ask.ts';
import { parseBytes } from '../build-flags.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { bytes } from '../format.ts';
import { unusedSince } from '../prune-flags.ts';
import type { RegistryPruneFlags } from '../prune-registry.ts';
import { collect, openWorkspace, registryFlags } from '../workspace.ts';

interface PruneFlags {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly filter?: string[];
  readonly keepStorage?: string;
  readonly maxUsedSpace?: string;
  readonly dryRun?: boolean;
}

const EXAMPLES = `
Named images stay: polyarch rmi removes those. Without flags go images without a name, what the build cache holds that no
local image is made of, and copies of contexts and downloads, emulators and packs of native tools that nobody used for a
week, or for the time of --filter until. It waits until no other polyarch uses the store.

Examples:
  polyarch prune --dry-run
      say what would go
  polyarch prune -f --filter until=24h
      without asking, what was not used for a day
  polyarch prune -a -f
      the whole build cache, cache mounts and unpacked layers too
  polyarch prune -f --max-used-space 10g
      the longest unused until the store takes at most 10 GiB
  polyarch prune --registry registry.example/team/app --match 'pr-*' --older-than 30d --keep 3 --dry-run
      tags at a registry, with what only they need; several conditions must all hold`;

const command: CliCommand = {
  define(program, context, done) {
    const defined = program
      .option('-a, --all', 'the whole build cache, with cache mounts, downloads and unpacked layers')
      .option('-f, --force', 'do not ask')
      .option('--filter <filter>', 'until=24h: only what was not used for that long', collect)
      .option('--keep-storage <size>', 'as --max-used-space')
      .option(
        '--max-used-space <size>',
        'remove only until the store takes no more than that, the longest unused first',
      )
      .option('--dry-run', 'only say what would go')
      .option('--registry <repository>', 'old tags of this repository, at its registry, instead')
      .option('--keep <n>', 'with --registry: the newest n of those that match stay')
      .option('--older-than <age>', 'with --registry: only images made before, e.g. 30d or 2026-01-31')
      .option('--match <pattern>', 'with --registry: only these tags, e.g. "pr-*"', collect)
      .option('--untagged', 'with --registry: also signatures and other tags that belong to images which are gone')
      .addHelpText('after', EXAMPLES);
    registryFlags(defined).action(async (flags: PruneFlags & RegistryPruneFlags) => {
      checkTogether(flags);
      if (flags.registry === undefined) await run(flags, context);
      else {
        const { pruneRegistry } = await import('../prune-registry.ts');
        await pruneRegistry(flags.registry, flags, context);
      }
      done(0);
    });
  },
};

export default command;

const LOCAL_ONLY = ['all', 'filter', 'keepStorage', 'maxUsedSpace'] as const;
const REGISTRY_ONLY = ['keep', 'olderThan', 'match', 'untagged'] as const;

/** Fails with INVALID_ARGUMENT for a flag of the other kind of prune. */
function checkTogether(flags: PruneFlags & RegistryPruneFlags): void {
  const strays = flags.registry === undefined ? REGISTRY_ONLY : LOCAL_ONLY;
  const stray = strays.find((name) => flags[name] !== undefined);
  if (stray === undefined) return;
  const flag = `--${stray.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new PolyarchError(
    'INVALID_ARGUMENT',
    flags.registry === undefined ? `${flag} is for --registry` : `${flag} is for the local store, not for --registry`,
    { hint: 'polyarch prune --help tells which flags go together' },
  );
}

async function run(flags: PruneFlags, context: CliContext): Promise<void> {
  const since = unusedSince(flags.filter ?? [], Date.now());
  const size = flags.maxUsedSpace ?? flags.keepStorage;
  const policy = {
    all: flags.all === true,
    ...(since === undefined ? {} : { unusedSince: since }),
    ...(size === undefined
      ? {}
      : { maxBytes: parseBytes(flags.maxUsedSpace === undefined ? '--keep-storage' : '--max-used-space', size) }),
  };
  if (flags.force !== true && flags.dryRun !== true) await confirm(question(flags), context);
  await using workspace = await openWorkspace(context, {}, { hold: flags.dryRun === true ? 'shared' : 'exclusive' });
  const plan = await preparePrune(workspace.engine, policy);
  if (flags.dryRun !== true) await prune(workspace.engine, plan);
  report(plan, flags.dryRun === true ? 'would be removed' : 'removed', context);
}

function question(flags: PruneFlags): string {
  const what =
    flags.all === true
      ? 'all of the build cache, cache mounts and downloads'
      : 'what the build cache holds that no local image is made of';
  return `WARNING! This will remove images without a name, and ${what}.\nAre you sure you want to continue?`;
}

function report(plan: PruneAnswer, word: string, { stdout }: CliContext): void {
  const sum = (items: readonly { readonly size: number }[]) =>
    bytes(items.reduce((total, { size }) => total + size, 0));
  const lines = [
    [plan.images, 'image without a name', 'images without a name', ''],
    [plan.results, 'result of the build cache', 'results of the build cache', ''],
    [plan.layers, 'unpacked layer', 'unpacked layers', sum(plan.layers)],
    [plan.blobs, 'blob', 'blobs', sum(plan.blobs)],
    [plan.mounts, 'cache mount', 'cache mounts', sum(plan.mounts)],
    [plan.files, 'copy or cache of a source', 'copies and caches of sources', sum(plan.files)],
  ] as const;
  for (const [items, one, many, size] of lines) {
    if (items.length > 0)
      stdout.write(`${items.length} ${items.length === 1 ? one : many}${size === '' ? '' : `, ${size}`}\n`);
  }
  stdout.write(
    `Total ${word === 'removed' ? 'reclaimed space' : 'that would be reclaimed'}: ${bytes(plan.bytes)} of ${bytes(plan.before)}\n`,
  );
}
