import { type Digest, isDigest } from '../oci/digest.ts';
import type { RepositorySurvey } from './survey.ts';

/** Which tags are chosen. With nothing but `now` in it, none. */
export interface TagPolicy {
  /** The newest so many of those that match stay. */
  readonly keep?: number;
  /** Only those made before, ms since the epoch; one whose time is not known stays. */
  readonly before?: number;
  /** Only tags that it is true for. */
  readonly match?: (tag: string) => boolean;
}

/** What is to go, and why more stays than was asked for. */
export interface Removal {
  /** Every tag that goes, by name. */
  readonly tags: readonly RemovedTag[];
  /** Manifests that go: those of tags before what only they need, so that at no time one lacks a part. */
  readonly manifests: readonly Digest[];
  /** Tags of manifests that are not there any more; they go with `orphans`. */
  readonly orphans: readonly string[];
}

export interface RemovedTag {
  readonly tag: string;
  readonly digest: Digest | undefined;
  /** `tag`: the manifest stays, for something that stays needs it. */
  readonly goes: 'manifest' | 'tag';
  /** The tags that need its manifest. */
  readonly neededBy: readonly string[];
  readonly why: 'chosen' | 'attached' | 'orphan';
}

export interface RemovalOptions {
  /** Whether a manifest that no tag leads to is there. */
  readonly exists: (digest: Digest) => Promise<boolean>;
  /** The manifests that are attached to one. */
  readonly referrers: (digest: Digest) => Promise<readonly Digest[]>;
  /** Take orphans along. */
  readonly orphans?: boolean;
}

/** OCI distribution spec "Referrers Tag Schema", and the same with the endings of cosign: what is attached to a digest. */
const ATTACHED = /^(sha256)-([a-f0-9]{64})(?:\.(?:sig|att|sbom))?$/;

/** The subject of a tag that stands for something attached; undefined for a tag that people use. */
export function attachedTo(tag: string): Digest | undefined {
  const match = ATTACHED.exec(tag);
  const digest = `${match?.[1]}:${match?.[2]}`;
  return match !== null && isDigest(digest) ? digest : undefined;
}

/** The tags that a policy chooses, oldest last; tags of what is attached to an image are not chosen, they go with it. */
export function chooseTags(survey: RepositorySurvey, policy: TagPolicy): string[] {
  const { keep, before, match } = policy;
  if (keep === undefined && before === undefined && match === undefined) return [];
  const created = (tag: string): number => createdOf(survey, tag) ?? Number.POSITIVE_INFINITY;
  return [...survey.tags.keys()]
    .filter((tag) => attachedTo(tag) === undefined && (match?.(tag) ?? true))
    .toSorted((a, b) => compare(created(b), created(a)) || (a < b ? 1 : -1))
    .slice(keep ?? 0)
    .filter((tag) => before === undefined || created(tag) < before);
}

/** When what a tag is at was made. */
export function createdOf(survey: RepositorySurvey, tag: string): number | undefined {
  const digest = survey.tags.get(tag);
  return digest === undefined ? undefined : survey.manifests.get(digest)?.created;
}

/**
 * What goes with the chosen tags: their manifests, what only those list, and what is attached to any of it. Nothing goes
 * that an index or a referrer which stays needs; of such a manifest the tag alone goes.
 */
export async function planRemoval(
  survey: RepositorySurvey,
  chosen: readonly string[],
  options: RemovalOptions,
): Promise<Removal> {
  const wanted = new Set(chosen);
  const needed = needs(survey, (tag) => !wanted.has(tag) && attachedTo(tag) === undefined);
  const going = new Set<Digest>();
  const queue: Digest[] = [];
  const push = (digest: Digest | undefined): void => {
    if (digest === undefined || going.has(digest) || needed.has(digest)) return;
    going.add(digest);
    queue.push(digest);
  };
  const attached = [...survey.tags.keys()].flatMap((tag) => {
    const subject = wanted.has(tag) ? undefined : attachedTo(tag);
    return subject === undefined ? [] : [{ tag, subject }];
  });
  const orphans: string[] = [];
  for (const { tag, subject } of attached) {
    if (survey.manifests.has(subject) || (await options.exists(subject))) continue;
    orphans.push(tag);
  }
  for (const tag of chosen) push(survey.tags.get(tag));
  if (options.orphans === true) for (const tag of orphans) push(survey.tags.get(tag));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const child of survey.manifests.get(next)?.children ?? []) push(child);
    for (const referrer of await options.referrers(next)) push(referrer);
    for (const { tag, subject } of attached) if (subject === next) push(survey.tags.get(tag));
  }
  const why = new Map<string, RemovedTag['why']>();
  for (const { tag, subject } of attached) if (going.has(subject)) why.set(tag, 'attached');
  if (options.orphans === true) for (const tag of orphans) why.set(tag, 'orphan');
  for (const tag of chosen) why.set(tag, 'chosen');
  const tags = [...why].map(([tag, reason]): RemovedTag => {
    const digest = survey.tags.get(tag);
    const users = digest === undefined ? undefined : needed.get(digest);
    return {
      tag,
      digest,
      goes: users === undefined ? 'manifest' : 'tag',
      neededBy: [...(users ?? [])].toSorted(),
      why: reason,
    };
  });
  return {
    tags: tags.toSorted((a, b) => (a.tag < b.tag ? -1 : 1)),
    manifests: [...going],
    orphans: options.orphans === true ? [] : orphans,
  };
}

/** Every manifest that the tags need, with those tags: what an index lists, and what a referrer is attached to. */
function needs(survey: RepositorySurvey, stays: (tag: string) => boolean): Map<Digest, Set<string>> {
  const needed = new Map<Digest, Set<string>>();
  const mark = (digest: Digest, tag: string): void => {
    const tags = needed.get(digest) ?? new Set();
    if (tags.has(tag)) return;
    needed.set(digest, tags.add(tag));
    const manifest = survey.manifests.get(digest);
    for (const child of manifest?.children ?? []) mark(child, tag);
    if (manifest?.subject !== undefined) mark(manifest.subject, tag);
  };
  for (const [tag, digest] of survey.tags) if (digest !== undefined && stays(tag)) mark(digest, tag);
  // What is attached to something that stays, stays.
  for (const [tag, digest] of survey.tags) {
    const subject = attachedTo(tag);
    if (subject !== undefined && digest !== undefined && needed.has(subject)) mark(digest, tag);
  }
  return needed;
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
