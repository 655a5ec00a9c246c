import type { Descriptor } from '../oci/descriptor.ts';
import { hexOf, isDigest, type Digest } from '../oci/digest.ts';
import { isTag } from '../oci/reference.ts';
import { hasCode } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { readJson, statusOnly } from './answer.ts';
import type { HttpResponse } from './connections.ts';
import type { EndpointClient } from './endpoint-client.ts';
import { RegistryFailure } from './failure.ts';
import { getManifest, type ManifestPlace } from './manifests.ts';
import { repositoryScope } from './scope.ts';

/** Pages followed before a listing is taken for endless. */
const MAX_PAGES = 10_000;

interface Page {
  readonly answer: unknown;
  readonly next: URL | undefined;
  readonly found: boolean;
  readonly filtered: boolean;
}

/** A repository's tags in the registry's order, page by page (OCI distribution spec "Listing Tags"). */
export async function* listTags(
  place: ManifestPlace,
  options: { readonly pageSize?: number } = {},
): AsyncGenerator<string, void, undefined> {
  const subject = `tags of ${place.name}`;
  let target: string | URL | undefined = `/tags/list?n=${options.pageSize ?? 1000}`;
  for (let pages = 0; target !== undefined; pages++) {
    const page = await getPage(place, { target, subject, pages, accept: [200] });
    const tags: unknown =
      typeof page.answer === 'object' && page.answer !== null && 'tags' in page.answer ? page.answer.tags : null;
    // `null` stands for none.
    for (const tag of Array.isArray(tags) ? tags : []) {
      if (typeof tag === 'string' && isTag(tag)) yield tag;
    }
    target = page.next;
  }
}

/**
 * The manifests whose `subject` is the digest (OCI distribution spec "Listing Referrers"), filtered by
 * artifact type here where the registry does not; from the tag `sha256-<hex>` where it has no referrers API.
 */
export async function listReferrers(
  digest: Digest,
  place: ManifestPlace & { readonly artifactType?: string },
): Promise<Descriptor[]> {
  const { artifactType } = place;
  const subject = `referrers of ${place.name}@${digest}`;
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const all: Descriptor[] = [];
  let target: string | URL | undefined = `/referrers/${digest}${query}`;
  for (let pages = 0; target !== undefined; pages++) {
    const page = await getPage(place, { target, subject, pages, accept: [200, 404] });
    if (!page.found) return pages === 0 ? referrersByTag(digest, place) : all;
    const wanted = manifestsOf(page.answer, subject).filter((it) => page.filtered || hasType(it, artifactType));
    all.push(...wanted);
    if (all.length > LIMITS.descriptors) throw endless(subject);
    target = page.next;
  }
  return all;
}

async function referrersByTag(
  digest: Digest,
  place: ManifestPlace & { readonly artifactType?: string },
): Promise<Descriptor[]> {
  const tag = `${digest.slice(0, digest.indexOf(':'))}-${hexOf(digest)}`.slice(0, 128);
  try {
    const { content } = await getManifest(tag, place);
    const index: unknown = JSON.parse(Buffer.from(content).toString('utf8'));
    return manifestsOf(index, `referrers of ${place.name}@${digest}`).filter((it) => hasType(it, place.artifactType));
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND')) return [];
    throw error;
  }
}

function getPage(
  place: ManifestPlace,
  {
    target,
    subject,
    pages,
    accept,
  }: { target: string | URL; subject: string; pages: number; accept: readonly number[] },
): Promise<Page> {
  if (pages >= MAX_PAGES) throw endless(subject);
  return place.session.call<Page>({
    method: 'GET',
    repository: place.repository,
    target,
    subject,
    scopes: [repositoryScope(place.repository, 'pull'), ...place.scopes],
    capability: 'pull',
    headers: { accept: 'application/json, application/vnd.oci.image.index.v1+json' },
    accept,
    read: async (response, client) => {
      const found = response.status === 200 && (response.headers['content-type'] ?? '').includes('json');
      if (!found) await statusOnly(response);
      const answer = found ? await readJson(response) : undefined;
      const filtered = String(response.headers['oci-filters-applied'] ?? '').includes('artifactType');
      return { answer, next: nextPage(response, client), found, filtered };
    },
    signal: place.signal,
  });
}

/** The `rel="next"` of a Link header, RFC 8288; one that leads to another host is not followed. */
function nextPage(response: HttpResponse, client: EndpointClient): URL | undefined {
  const header = [response.headers.link ?? []].flat().join(', ');
  const match = /<([^>]*)>\s*;[^<]*\brel="?next"?/i.exec(header);
  const link = match?.[1];
  if (link === undefined || !URL.canParse(link, response.url.href)) return undefined;
  const url = client.locate(link, response.url);
  return url.host === response.url.host && url.href !== response.url.href ? url : undefined;
}

function manifestsOf(index: unknown, subject: string): Descriptor[] {
  if (typeof index !== 'object' || index === null || !('manifests' in index) || !Array.isArray(index.manifests)) {
    throw new RegistryFailure('REGISTRY_ERROR', `${subject}: the registry answers something that is no index`);
  }
  return index.manifests.filter(isDescriptor);
}

function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== 'object' || value === null) return false;
  const { mediaType, digest, size } = { mediaType: undefined, digest: undefined, size: undefined, ...value };
  return typeof mediaType === 'string' && typeof digest === 'string' && isDigest(digest) && typeof size === 'number';
}

function hasType(descriptor: Descriptor, artifactType: string | undefined): boolean {
  return artifactType === undefined || descriptor.artifactType === artifactType;
}

function endless(subject: string): RegistryFailure {
  return new RegistryFailure('REGISTRY_ERROR', `${subject}: the list does not end`);
}
