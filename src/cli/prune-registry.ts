import { openTags, repositoryOf, type TagPrune } from '../build/tags.ts';
import { createdOf } from '../manifest/removal.ts';
import { PolyarchError } from '../util/error.ts';
import { globMatcher } from '../util/glob.ts';
import { confirm } from './ask.ts';
import type { CliContext } from './context.ts';
import { ago, columns } from './format.ts';
import { parseAge } from './prune-flags.ts';
import { type RegistryFlags, registryOptions } from './workspace.ts';

/** The flags of `polyarch prune --registry`. */
export interface RegistryPruneFlags extends RegistryFlags {
  readonly registry?: string;
  readonly keep?: string;
  readonly olderThan?: string;
  readonly match?: string[];
  readonly untagged?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** `polyarch prune --registry REPOSITORY`: shows what would go, asks, removes it. */
export async function pruneRegistry(text: string, flags: RegistryPruneFlags, context: CliContext): Promise<void> {
  const policy = policyOf(flags);
  const options = { ...registryOptions(context, flags), signal: context.signal };
  await using repository = await openTags(repositoryOf(text), 'remove', options);
  const prune = await repository.plan(policy);
  const { tags, orphans } = prune.removal;
  if (orphans.length > 0) {
    const what = orphans.length === 1 ? 'tag belongs' : 'tags belong';
    context.notice(`note: ${orphans.length} ${what} to images that are gone; --untagged removes them`);
  }
  if (tags.length === 0) {
    context.stdout.write(`Nothing of ${repository.name} is to be removed\n`);
    return;
  }
  const show = (text: string): void => void (flags.dryRun === true ? context.stdout : context.stderr).write(text);
  show(table(prune));
  show(`${summary(prune)}\n`);
  if (flags.dryRun === true) return;
  if (flags.force !== true)
    await confirm(`Remove ${tags.length === 1 ? 'it' : 'them'} from ${repository.name}?`, context);
  const removed = await repository.carryOut(prune);
  for (const tag of removed.tags) context.stdout.write(`Untagged: ${repository.name}:${tag}\n`);
  for (const digest of removed.manifests) context.stdout.write(`Deleted: ${repository.name}@${digest}\n`);
  if (removed.stuck.length > 0) {
    context.notice(
      `note: the registry removes no tag alone, and the manifests of ${removed.stuck.join(', ')} are needed: they stay`,
    );
  }
  if (removed.manifests.length > 0)
    context.notice('note: the space is free when the registry has collected its garbage');
}

function policyOf(flags: RegistryPruneFlags) {
  const { keep, olderThan, match, untagged } = flags;
  if (keep === undefined && olderThan === undefined && match === undefined && untagged !== true) {
    throw new PolyarchError('MISSING_ARGUMENT', 'prune --registry: nothing says which tags are to go', {
      hint: 'give --keep N, --older-than AGE, --match PATTERN or --untagged; several must all hold',
    });
  }
  if (keep !== undefined && !/^\d{1,9}$/.test(keep))
    throw new PolyarchError('INVALID_ARGUMENT', `--keep ${JSON.stringify(keep)} is no number`);
  const before = olderThan === undefined ? undefined : parseAge(olderThan, Date.now());
  if (olderThan !== undefined && before === undefined) {
    throw new PolyarchError('INVALID_ARGUMENT', `--older-than ${JSON.stringify(olderThan)} is not understood`, {
      hint: 'for example --older-than 30d, or a date like 2026-01-31',
    });
  }
  const fits = match?.map((pattern) => globMatcher(pattern));
  return {
    ...(keep === undefined ? {} : { keep: Number(keep) }),
    ...(before === undefined ? {} : { before }),
    ...(fits === undefined ? {} : { match: (tag: string) => fits.some((fit) => fit(tag)) }),
    orphans: untagged === true,
  };
}

function table({ survey, removal }: TagPrune): string {
  const rows = removal.tags.map(({ tag, digest, goes, neededBy, why }) => {
    const created = createdOf(survey, tag);
    const reason = why === 'attached' ? 'belongs to what goes' : why === 'orphan' ? 'belongs to nothing' : '';
    return [
      tag,
      digest === undefined ? '<gone>' : digest.slice(0, 'sha256:'.length + 12),
      created === undefined ? '-' : ago(created),
      goes === 'tag' && neededBy.length > 0 ? `only the tag: ${neededBy.join(', ')} needs it` : reason,
    ];
  });
  return columns([['TAG', 'DIGEST', 'CREATED', ''], ...rows]);
}

function summary({ survey, removal: { tags, manifests } }: TagPrune): string {
  const count = (items: readonly unknown[], one: string) => `${items.length} ${one}${items.length === 1 ? '' : 's'}`;
  return `${count(tags, 'tag')} of ${survey.tags.size}, ${count(manifests, 'manifest')}`;
}
