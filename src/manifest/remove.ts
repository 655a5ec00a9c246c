import { semaphore } from '../content/semaphore.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryFailure } from '../registry/failure.ts';
import type { Repository } from '../registry/repository.ts';
import { hasCode, PolyarchError } from '../util/error.ts';
import { planRemoval, type Removal, type RemovalOptions } from './removal.ts';
import { allTags, type RepositorySurvey, surveyRepository } from './survey.ts';

/** What became of a removal. */
export interface Removed {
  readonly tags: readonly string[];
  readonly manifests: readonly Digest[];
  /** Tags that stay, for the registry cannot remove a tag alone. */
  readonly stuck: readonly string[];
}

interface Options {
  readonly signal?: AbortSignal;
}

/** Statuses of a registry that deletes manifests only by digest. */
const NO_TAG_REMOVAL = new Set([400, 404, 405, 415, 422, 501]);

/** What the repository itself knows of a removal. */
export function removalFacts(
  repository: Repository,
  { signal }: Options,
): Pick<RemovalOptions, 'exists' | 'referrers'> {
  return {
    exists: async (digest) => {
      try {
        await repository.resolve(digest, { signal });
        return true;
      } catch (error) {
        if (hasCode(error, 'NOT_FOUND')) return false;
        throw error;
      }
    },
    referrers: async (digest) => (await repository.referrers(digest, { signal })).map((one) => one.digest),
  };
}

/** Carries a removal out. Fails with REPOSITORY_CHANGED, nothing being removed, when a tag came, went or moved since the survey. */
export async function carryOut(
  repository: Repository,
  { survey, removal }: { readonly survey: RepositorySurvey; readonly removal: Removal },
  options: Options,
): Promise<Removed> {
  await requireUnchanged(repository, survey, options);
  const tags: string[] = [];
  const stuck: string[] = [];
  for (const { tag, goes, digest } of removal.tags) {
    if (goes === 'manifest' && digest !== undefined) continue;
    ((await removeTagAlone(repository, tag, options)) ? tags : stuck).push(tag);
  }
  for (const digest of removal.manifests) await deleteDigest(repository, digest, options);
  for (const { tag, goes, digest } of removal.tags) if (goes === 'manifest' && digest !== undefined) tags.push(tag);
  return { tags, manifests: removal.manifests, stuck };
}

/** Removes a tag and nothing else; false where the registry cannot. Fails with NOT_FOUND when there is no such tag. */
export async function removeTagAlone(repository: Repository, tag: string, { signal }: Options): Promise<boolean> {
  try {
    await repository.deleteManifest(tag, { signal });
    return true;
  } catch (error) {
    if (error instanceof RegistryFailure && NO_TAG_REMOVAL.has(error.status ?? 0)) return false;
    throw error;
  }
}

/**
 * Removes one tag. Where the registry cannot do that alone, and only `withDigest`, its manifest goes with all its tags and with what only it
 * needs. Fails with TAG_NOT_ALONE, which names what would go, and with MANIFEST_IN_USE when something that stays needs it.
 */
export async function removeTag(
  repository: Repository,
  tag: string,
  options: Options & { readonly withDigest: boolean },
): Promise<Removed> {
  const { signal } = options;
  const { digest } = await repository.resolve(tag, { signal });
  if (await removeTagAlone(repository, tag, options)) return { tags: [tag], manifests: [], stuck: [] };
  const survey = await surveyRepository(repository, { configs: false, signal });
  const same = [...survey.tags].flatMap(([name, at]) => (at === digest ? [name] : []));
  const removal = await planRemoval(survey, same, removalFacts(repository, options));
  const needed = removal.tags.find((one) => one.tag === tag && one.goes === 'tag');
  const name = `${repository.name}:${tag}`;
  if (needed !== undefined) {
    throw new PolyarchError(
      'MANIFEST_IN_USE',
      `${name} stays: ${repository.domain} removes no tag alone, and ${needed.neededBy.join(', ')} ${needed.neededBy.length === 1 ? 'needs' : 'need'} its manifest ${digest}`,
      { hint: 'remove those first', details: { digest, neededBy: needed.neededBy } },
    );
  }
  if (!options.withDigest) {
    throw new PolyarchError(
      'TAG_NOT_ALONE',
      `${repository.domain} removes no tag alone: with ${name} would go its manifest ${digest}${same.length === 1 ? '' : ` and all its tags: ${same.join(', ')}`}`,
      { hint: '--with-digest removes them', details: { digest, tags: same } },
    );
  }
  return carryOut(repository, { survey, removal }, options);
}

async function deleteDigest(repository: Repository, digest: Digest, { signal }: Options): Promise<void> {
  try {
    await repository.deleteManifest(digest, { signal });
  } catch (error) {
    // What a registry removes by itself with an index or a subject.
    if (hasCode(error, 'NOT_FOUND')) return;
    if (!(error instanceof RegistryFailure) || ![400, 405, 501].includes(error.status ?? 0)) throw error;
    throw new RegistryFailure('DELETE_UNSUPPORTED', `${repository.domain} deletes nothing: ${error.message}`, {
      cause: error,
      hint: 'deleting has to be allowed in the registry’s own settings (distribution: storage.delete.enabled)',
      status: error.status,
    });
  }
}

async function requireUnchanged(repository: Repository, survey: RepositorySurvey, { signal }: Options): Promise<void> {
  const names = await allTags(repository, { signal });
  const turn = semaphore(8);
  const changed = names.map(async (tag) => {
    if (!survey.tags.has(tag)) return [tag];
    const now = await turn(() => repository.resolve(tag, { signal })).then(
      ({ digest }) => digest,
      (error: unknown) => {
        if (hasCode(error, 'NOT_FOUND')) return undefined;
        throw error;
      },
    );
    return now === survey.tags.get(tag) ? [] : [tag];
  });
  const found = new Set((await Promise.all(changed)).flat());
  for (const tag of survey.tags.keys()) if (!names.includes(tag)) found.add(tag);
  if (found.size === 0) return;
  throw new PolyarchError(
    'REPOSITORY_CHANGED',
    `nothing was removed: meanwhile others changed ${[...found].toSorted().join(', ')} of ${repository.name}`,
    { hint: 'look at it again, then run it again' },
  );
}
