import { type CopyProgress, copyGraph } from '../content/copy-graph.ts';
import { fetchBytes } from '../content/fetch-bytes.ts';
import type { Abortable, Fetcher } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { hasCode, messageOf, PolyarchError } from '../util/error.ts';
import type { ImageTarget } from './image-source.ts';
import { mounting } from './mounting.ts';
import { receiving } from './receiving.ts';

export interface Destination {
  readonly target: ImageTarget;
  /** Set in this order; with none the content alone is sent. */
  readonly tags: readonly string[];
}

export interface SetTag {
  readonly target: ImageTarget;
  readonly tag: string;
  /** False when it was there already. */
  readonly moved: boolean;
}

/** What tags are at, by target's name and tag (`NAME:TAG`); undefined for one that is not there. */
export type TagsNow = ReadonlyMap<string, Digest | undefined>;

export interface PublishOptions {
  /** Paths of repositories in the target's registry that a blob is known from. */
  readonly origins: (descriptor: Descriptor, target: ImageTarget) => readonly string[] | Promise<readonly string[]>;
  /** Leaves a tag alone that is at the root already; one that is not in here is asked for. Default: every tag is set. */
  readonly leaveSame?: TagsNow;
  /** Targets that have the whole graph and its referrers; nothing is looked at there. Default: none. */
  readonly holds?: (target: ImageTarget) => boolean;
  /** Sent along, each with all that it names, once the graph is there. */
  readonly referrers?: Promise<readonly Descriptor[]>;
  readonly step?: <T>(name: string, body: () => Promise<T>) => Promise<T>;
  readonly onProgress?: (event: CopyProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Copies a graph to every destination, then sets the tags: none moves anywhere before all of it is everywhere. Registries
 * are sent to at the same time, the repositories of one after each other, so that its later ones take everything over from
 * its first. The first failure stops all; once a tag has moved it is TAGS_INCOMPLETE, which says what moved and what did not.
 */
export async function publish(
  ends: { readonly source: Fetcher; readonly root: Descriptor },
  destinations: readonly Destination[],
  options: PublishOptions,
): Promise<readonly SetTag[]> {
  const { root, source } = ends;
  const same = await sameTags(root, destinations, options);
  await copyEverywhere(ends, destinations, { ...options, same });
  const wanted = destinations.flatMap(({ target, tags }) => tags.map((tag) => ({ target, tag })));
  if (wanted.every(({ target, tag }) => same.has(fullName(target, tag))))
    return wanted.map((one) => ({ ...one, moved: false }));
  // From the source: a registry that had the image already would have to be asked for it.
  const content = await fetchBytes(source, root, { signal: options.signal });
  const set: SetTag[] = [];
  for (const { target, tag } of wanted) {
    const moved = !same.has(fullName(target, tag));
    if (moved) {
      try {
        await inStep(options, `pushing manifest for ${fullName(target, tag)}@${root.digest}`, () =>
          target.tag(root, tag, { content, signal: options.signal }),
        );
      } catch (error) {
        throw incomplete(error, { set, wanted, failed: fullName(target, tag) });
      }
    }
    set.push({ target, tag, moved });
  }
  return set;
}

/** Asks every destination's tags. */
export async function tagsNow(destinations: readonly Destination[], options: Abortable = {}): Promise<TagsNow> {
  const asked = destinations.flatMap(({ target, tags }) =>
    tags.map(async (tag) => [fullName(target, tag), await digestOfTag(target, tag, options)] as const),
  );
  return new Map(await Promise.all(asked));
}

/** The tags that are at the root already. */
async function sameTags(
  root: Descriptor,
  destinations: readonly Destination[],
  { leaveSame: known, signal }: PublishOptions,
): Promise<ReadonlySet<string>> {
  if (known === undefined) return new Set();
  const unknown = destinations.map(({ target, tags }) => ({
    target,
    tags: tags.filter((tag) => !known.has(fullName(target, tag))),
  }));
  const now = [...known, ...(await tagsNow(unknown, { signal }))];
  return new Set(now.flatMap(([name, digest]) => (digest === root.digest ? [name] : [])));
}

/** What a tag is at now; undefined when there is none. */
async function digestOfTag(target: ImageTarget, tag: string, options: Abortable): Promise<Digest | undefined> {
  try {
    return (await target.resolve(tag, { signal: options.signal })).digest;
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

async function copyEverywhere(
  { source, root }: { readonly source: Fetcher; readonly root: Descriptor },
  destinations: readonly Destination[],
  options: PublishOptions & { readonly same: ReadonlySet<string> },
): Promise<void> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const away = destinations.filter(({ target }) => options.holds?.(target) !== true);
  // A target of which one tag is at the root has all of it: it holds no index without its children.
  const rooted = ({ target, tags }: Destination): boolean =>
    target.closed === true && tags.some((tag) => options.same.has(fullName(target, tag)));
  const copy = async (destination: Destination, before: ImageTarget | undefined): Promise<void> => {
    const { target } = destination;
    const copying = {
      signal,
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      mount: mounting(target, (descriptor) =>
        before?.path === undefined ? options.origins(descriptor, target) : [before.path],
      ),
    };
    const received = { source, target: receiving(target, source) };
    if (!rooted(destination)) await copyGraph(received, root, copying);
    for (const referrer of (await options.referrers) ?? []) {
      await copyGraph(received, referrer, copying);
      await target.add?.(referrer, { signal });
    }
  };
  const groups = Map.groupBy(away, ({ target }) => target.domain ?? target.name);
  const copies = [...groups.values()].map(async (group) => {
    let before: ImageTarget | undefined;
    for (const destination of group) {
      const { target } = destination;
      await inStep(options, `pushing layers and manifests to ${target.name}`, () => copy(destination, before));
      before ??= target;
    }
  });
  await Promise.all(copies).catch(async (error: unknown) => {
    stop.abort(error);
    await Promise.allSettled(copies);
    throw error;
  });
}

function inStep<T>(options: PublishOptions, name: string, body: () => Promise<T>): Promise<T> {
  return options.step === undefined ? body() : options.step(name, body);
}

function fullName(target: ImageTarget, tag: string): string {
  return `${target.name}:${tag}`;
}

function incomplete(
  error: unknown,
  state: {
    readonly set: readonly SetTag[];
    readonly wanted: readonly { readonly target: ImageTarget; readonly tag: string }[];
    readonly failed: string;
  },
): unknown {
  const moved = state.set.filter((one) => one.moved).map(({ target, tag }) => fullName(target, tag));
  if (moved.length === 0) return error;
  const left = state.wanted.slice(state.set.length).map(({ target, tag }) => fullName(target, tag));
  return new PolyarchError(
    'TAGS_INCOMPLETE',
    `${state.failed} was not set (${messageOf(error)}); set: ${moved.join(', ')}; not set: ${left.join(', ')}`,
    { cause: error, hint: 'all content is there: the same command again sets the rest', details: { moved, left } },
  );
}
