import { fetchBytes } from '../content/fetch-bytes.ts';
import { semaphore } from '../content/semaphore.ts';
import { parseConfig, platformOf } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { type ManifestOrIndex, parseManifestOrIndex } from '../oci/manifest.ts';
import { formatPlatform, isAttestation, normalizePlatform, type Platform } from '../oci/platform.ts';
import type { Repository } from '../registry/repository.ts';
import { debug } from '../util/debug.ts';
import { hasCode, messageOf } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';

/** A manifest or index of a repository and what it names there. */
export interface SurveyedManifest {
  readonly digest: Digest;
  /** Manifests that an index lists. */
  readonly children: readonly Digest[];
  /** What it is attached to. */
  readonly subject?: Digest;
  /** `linux/arm64`; without attestations. */
  readonly platforms: readonly string[];
  /** Bytes of it and of all that it names, compressed, each digest once. */
  readonly size: number;
  /** Ms since the epoch; absent when nothing says it, and for the made-up times of reproducible images. */
  readonly created?: number;
}

/** What the tags of a repository lead to. A manifest that no tag leads to is in no registry's listing. */
export interface RepositorySurvey {
  /** By name; undefined for a tag whose manifest is gone. */
  readonly tags: ReadonlyMap<string, Digest | undefined>;
  readonly manifests: ReadonlyMap<Digest, SurveyedManifest>;
}

export interface SurveyOptions {
  /** Only these tags. Default: all. */
  readonly tags?: readonly string[];
  /** Ask for configs too, where only they tell a time or a platform; default true. */
  readonly configs?: boolean;
  /** Requests at a time. Default 8. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
}

/** No image was made before, ms since the epoch: such a time is one that stands for none. */
const FIRST_IMAGE = Date.UTC(2000, 0, 1);
const CREATED = 'org.opencontainers.image.created';

/** Reads every tag of a repository and every manifest below it. Fails with the registry's errors. */
export async function surveyRepository(repository: Repository, options: SurveyOptions = {}): Promise<RepositorySurvey> {
  const names = options.tags ?? (await allTags(repository, options));
  const survey = new Survey(repository, options);
  const found = await Promise.all(names.map(async (tag) => [tag, await survey.tag(tag)] as const));
  return { tags: new Map(found), manifests: await survey.manifests() };
}

/** The tags of a repository, by name. */
export async function allTags(
  repository: Repository,
  options: { readonly signal?: AbortSignal } = {},
): Promise<string[]> {
  const tags: string[] = [];
  for await (const tag of repository.tags({ signal: options.signal })) tags.push(tag);
  return [...new Set(tags)].toSorted();
}

type Found = { readonly manifest: SurveyedManifest; readonly blobs: ReadonlyMap<Digest, number> };

class Survey {
  readonly #repository: Repository;
  readonly #options: SurveyOptions;
  readonly #turn: <T>(body: () => Promise<T>) => Promise<T>;
  readonly #found = new Map<Digest, Promise<Found | undefined>>();

  constructor(repository: Repository, options: SurveyOptions) {
    this.#repository = repository;
    this.#options = options;
    this.#turn = semaphore(options.concurrency ?? 8);
  }

  async tag(tag: string): Promise<Digest | undefined> {
    const { signal } = this.#options;
    const fetched = await this.#turn(() => this.#repository.fetchManifest(tag, { signal })).catch(orGone);
    if (fetched === undefined) return undefined;
    const { descriptor, content } = fetched;
    const known = this.#found.get(descriptor.digest) ?? this.#read(descriptor, { content, depth: 0 });
    this.#found.set(descriptor.digest, known);
    await known;
    return descriptor.digest;
  }

  async manifests(): Promise<Map<Digest, SurveyedManifest>> {
    const all = await Promise.all(this.#found.values());
    return new Map(all.flatMap((one) => (one === undefined ? [] : [[one.manifest.digest, one.manifest]])));
  }

  /** A child by its descriptor; undefined when it is gone. */
  #child(descriptor: Descriptor, depth: number): Promise<Found | undefined> {
    const known = this.#found.get(descriptor.digest);
    if (known !== undefined) return known;
    const reading = this.#turn(() => fetchBytes(this.#repository, descriptor, { signal: this.#options.signal })).then(
      (content) => this.#read(descriptor, { content, depth }),
      orGone,
    );
    this.#found.set(descriptor.digest, reading);
    return reading;
  }

  async #read(descriptor: Descriptor, { content, depth }: { content: Uint8Array; depth: number }): Promise<Found> {
    const { digest } = descriptor;
    let node: ManifestOrIndex;
    try {
      node = parseManifestOrIndex(content, descriptor);
    } catch (error) {
      debug('manifest', () => `${digest} names nothing that can be read: ${messageOf(error)}`);
      const blobs = new Map([[digest, content.length]]);
      return { manifest: { digest, children: [], platforms: [], size: content.length }, blobs };
    }
    const document = node.kind === 'index' ? node.index : node.manifest;
    const blobs = new Map<Digest, number>([[digest, content.length]]);
    const platforms = new Set<string>();
    let created = timeOf(document.annotations?.[CREATED]);
    const children: Digest[] = [];
    if (node.kind === 'index') {
      children.push(...node.index.manifests.map((child) => child.digest));
      const below = depth >= LIMITS.indexDepth ? [] : node.index.manifests;
      const found = await Promise.all(below.map((child) => this.#child(child, depth + 1)));
      for (const [i, child] of below.entries()) {
        const one = found[i];
        for (const [blob, size] of one?.blobs ?? []) blobs.set(blob, size);
        if (isAttestation(child)) continue;
        const said = child.platform === undefined ? one?.manifest.platforms : [shown(child.platform)];
        for (const platform of said ?? []) platforms.add(platform);
        if (document.annotations?.[CREATED] === undefined) created = newest(created, one?.manifest.created);
      }
    } else {
      const { config, layers } = node.manifest;
      for (const blob of [config, ...layers]) blobs.set(blob.digest, blob.size);
      const facts = this.#options.configs === false ? {} : await this.#config(config);
      created ??= facts.created;
      if (facts.platform !== undefined) platforms.add(facts.platform);
    }
    const size = [...blobs.values()].reduce((sum, bytes) => sum + bytes, 0);
    const manifest: SurveyedManifest = {
      digest,
      children,
      platforms: [...platforms],
      size,
      ...(document.subject === undefined ? {} : { subject: document.subject.digest }),
      ...(created === undefined ? {} : { created }),
    };
    return { manifest, blobs };
  }

  /** What an image's config says; nothing for a config that is no image's. */
  async #config(config: Descriptor): Promise<{ created?: number; platform?: string }> {
    if (!/(?:image\.config|container\.image)\.v1\+json$/.test(config.mediaType)) return {};
    try {
      const { signal } = this.#options;
      const bytes = await this.#turn(() =>
        fetchBytes(this.#repository, config, { maxBytes: LIMITS.configBytes, signal }),
      );
      const parsed = parseConfig(bytes, config);
      const created = timeOf(parsed.created);
      return {
        ...(parsed.os === '' ? {} : { platform: shown(platformOf(parsed)) }),
        ...(created === undefined ? {} : { created }),
      };
    } catch (error) {
      if (hasCode(error, 'NOT_FOUND', 'CONFIG_INVALID', 'TOO_LARGE')) return {};
      throw error;
    }
  }
}

function shown(platform: Platform): string {
  return formatPlatform(normalizePlatform(platform));
}

function orGone(error: unknown): undefined {
  if (hasCode(error, 'NOT_FOUND')) return undefined;
  throw error;
}

function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return time >= FIRST_IMAGE ? time : undefined;
}

function newest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : other === undefined ? one : Math.max(one, other);
}
