import { isTag } from '../oci/reference.ts';
import { readJson, statusOnly } from './answer.ts';
import type { HttpResponse } from './connections.ts';
import type { EndpointClient } from './endpoint-client.ts';
import { RegistryFailure } from './failure.ts';
import type { ManifestPlace } from './manifests.ts';
import { repositoryScope } from './scope.ts';

/** Pages followed before a listing is taken for endless. */
const MAX_PAGES = 10_000;

/** One answer of a list. */
export interface Page {
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
    for (const tag of tagsOf(page.answer, subject)) {
      if (typeof tag === 'string' && isTag(tag)) yield tag;
    }
    target = page.next;
  }
}

function tagsOf(answer: unknown, subject: string): readonly unknown[] {
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) {
    // `null` stands for none.
    const tags = 'tags' in answer ? (answer.tags ?? []) : [];
    if (Array.isArray(tags)) return tags;
  }
  throw new RegistryFailure('REGISTRY_ERROR', `${subject}: the registry answers something that is no list of tags`);
}

/**
 * One page of a list. Where 404 is accepted, an answer that does not say it is JSON is none either. Fails with
 * REGISTRY_ERROR when there are too many.
 */
export function getPage(
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
      const json = !accept.includes(404) || (response.headers['content-type'] ?? '').includes('json');
      const found = response.status === 200 && json;
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

/** The failure for a list without an end. */
export function endless(subject: string): RegistryFailure {
  return new RegistryFailure('REGISTRY_ERROR', `${subject}: the list does not end`);
}
