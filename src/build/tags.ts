import type { Digest } from '../oci/digest.ts';
import { parseReference, type Reference, repositoryName } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';
import { chooseTags, planRemoval, type Removal, type RemovalOptions, type TagPolicy } from '../manifest/removal.ts';
import type { Removed } from '../manifest/remove.ts';
import type { RepositorySurvey, SurveyedManifest } from '../manifest/survey.ts';
import { canonicalDomain } from '../registry/hosts.ts';
import type { HubClient } from '../registry/hub.ts';
import { openHub, openRegistries, type RegistryOptions } from './registries.ts';

export interface TagsOptions extends RegistryOptions {
  readonly signal?: AbortSignal;
}

/** One line of `polyarch tags ls`. */
export interface ListedTag {
  readonly tag: string;
  /** Undefined when its manifest is gone. */
  readonly digest: Digest | undefined;
  readonly platforms: readonly string[];
  /** Bytes of all its platforms, compressed. */
  readonly size: number;
  /** When the image was made (at Docker Hub: pushed), ms since the epoch, where that is known. */
  readonly created: number | undefined;
}

/** What a prune of a repository would do. */
export interface TagPrune {
  readonly survey: RepositorySurvey;
  readonly removal: Removal;
}

export interface PrunePolicy extends TagPolicy {
  /** Also what is attached to images that are gone. */
  readonly orphans?: boolean;
}

/** The tags of a repository, at a registry or through Docker Hub's API. */
export interface TagRepository extends AsyncDisposable {
  /** `registry.example/team/app`. */
  readonly name: string;
  list(): Promise<readonly ListedTag[]>;
  /** Fails with NOT_FOUND, TAG_NOT_ALONE and MANIFEST_IN_USE. */
  remove(tag: string, options: { readonly withDigest: boolean }): Promise<Removed>;
  plan(policy: PrunePolicy): Promise<TagPrune>;
  /** Fails with REPOSITORY_CHANGED, and NOT_FOUND where tags are removed one by one. */
  carryOut(prune: TagPrune): Promise<Removed>;
}

/** A repository's name as given: neither a tag nor a digest belongs to it. Fails with INVALID_REFERENCE. */
export function repositoryOf(text: string): Reference {
  const reference = parseReference(text, { defaultTag: null });
  if (reference.tag === undefined && reference.digest === undefined) return reference;
  throw new PolyarchError('INVALID_REFERENCE', `${text} names one image; a repository is wanted`, {
    hint: `write ${repositoryName(reference)}`,
  });
}

/** REPOSITORY:TAG as given. Fails with INVALID_REFERENCE when it lacks the tag or has a digest. */
export function tagOf(text: string): Reference & { readonly tag: string } {
  const reference = parseReference(text, { defaultTag: null });
  const { tag } = reference;
  if (tag !== undefined && reference.digest === undefined) return { ...reference, tag };
  throw new PolyarchError('INVALID_REFERENCE', `${text} names no tag`, {
    hint: `write ${repositoryName(reference)}:TAG`,
  });
}

/**
 * Opens a repository's tags. Docker Hub's are had from its own API, for its registry removes nothing; where docker.io has a mirror, its tags
 * are listed from there. Nothing is asked yet.
 */
export async function openTags(
  reference: Pick<Reference, 'domain' | 'path'>,
  use: 'list' | 'remove',
  options: TagsOptions,
): Promise<TagRepository> {
  const isHub = canonicalDomain(reference.domain) === 'docker.io';
  const client = await openRegistries(options, { mirrors: use === 'list' });
  if (isHub && (use === 'remove' || !client.hasMirrors(reference.domain))) {
    client.close();
    return hubTags(await openHub(options), reference, options);
  }
  const actions = use === 'list' ? (['pull'] as const) : (['pull', 'delete'] as const);
  const repository = client.repository(reference, { actions });
  const { signal } = options;
  return {
    name: repository.name,
    list: async () => {
      const { surveyRepository } = await import('../manifest/survey.ts');
      return listed(await surveyRepository(repository, { signal }));
    },
    remove: async (tag, { withDigest }) => {
      const { removeTag } = await import('../manifest/remove.ts');
      return removeTag(repository, tag, { withDigest, signal });
    },
    plan: async (policy) => {
      const [{ surveyRepository }, { removalFacts }] = await Promise.all([
        import('../manifest/survey.ts'),
        import('../manifest/remove.ts'),
      ]);
      const survey = await surveyRepository(repository, { signal });
      return planned(survey, policy, removalFacts(repository, { signal }));
    },
    carryOut: async (prune) => {
      const { carryOut } = await import('../manifest/remove.ts');
      return carryOut(repository, prune, { signal });
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** The Hub removes tags alone and by itself what no tag has any more. */
function hubTags(
  hub: HubClient,
  reference: Pick<Reference, 'domain' | 'path'>,
  { signal }: TagsOptions,
): TagRepository {
  const survey = async (): Promise<RepositorySurvey> => {
    const tags = await hub.tags(reference, { signal });
    const manifests = tags.flatMap(({ digest, pushed, size, images }): SurveyedManifest[] => {
      if (digest === undefined) return [];
      const platforms = images.flatMap(({ platform }) => platform ?? []);
      const children = images.map((image) => image.digest).filter((child) => child !== digest);
      return [{ digest, children, platforms, size, ...(pushed === undefined ? {} : { created: pushed }) }];
    });
    return {
      tags: new Map(tags.map(({ name, digest }) => [name, digest])),
      manifests: new Map(manifests.map((manifest) => [manifest.digest, manifest])),
    };
  };
  const remove = async (tags: readonly string[]): Promise<Removed> => {
    for (const tag of tags) await hub.deleteTag(reference, tag, { signal });
    return { tags, manifests: [], stuck: [] };
  };
  return {
    name: repositoryName(reference),
    list: async () => listed(await survey()),
    remove: (tag) => remove([tag]),
    // Its listing has every tag's images; of others nothing is known.
    plan: async (policy) => planned(await survey(), policy, { exists: async () => true, referrers: async () => [] }),
    carryOut: ({ removal }) => remove(removal.tags.map(({ tag }) => tag)),
    [Symbol.asyncDispose]: async () => hub[Symbol.dispose](),
  };
}

async function planned(
  survey: RepositorySurvey,
  policy: PrunePolicy,
  facts: Pick<RemovalOptions, 'exists' | 'referrers'>,
): Promise<TagPrune> {
  const chosen = chooseTags(survey, policy);
  const removal = await planRemoval(survey, chosen, { ...facts, orphans: policy.orphans === true });
  return { survey, removal };
}

function listed({ tags, manifests }: RepositorySurvey): ListedTag[] {
  return [...tags].map(([tag, digest]) => {
    const manifest = digest === undefined ? undefined : manifests.get(digest);
    const { platforms = [], size = 0, created } = manifest ?? {};
    return { tag, digest, platforms, size, created };
  });
}
