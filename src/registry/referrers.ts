import { descriptorOf, type Descriptor } from '../oci/descriptor.ts';
import { hexOf, isDigest, type Digest } from '../oci/digest.ts';
import { encodeJson } from '../oci/json.ts';
import { parseManifestOrIndex } from '../oci/manifest.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { hasCode } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { RegistryFailure } from './failure.ts';
import { endless, getPage } from './listing.ts';
import { getManifest, type ManifestContent, type ManifestPlace, putManifest } from './manifests.ts';

/**
 * The manifests whose `subject` is the digest (OCI distribution spec "Listing Referrers"), filtered by
 * artifact type here where the registry does not; from the tag `sha256-<hex>` where it has no referrers API, which
 * `api: false` says from the start and the answer's `api` tells.
 */
export async function listReferrers(
  digest: Digest,
  place: ManifestPlace & { readonly artifactType?: string; readonly api?: boolean },
): Promise<{ readonly referrers: Descriptor[]; readonly api: boolean }> {
  const { artifactType } = place;
  if (place.api === false) return { referrers: await referrersByTag(digest, place), api: false };
  const subject = `referrers of ${place.name}@${digest}`;
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const all: Descriptor[] = [];
  let target: string | URL | undefined = `/referrers/${digest}${query}`;
  for (let pages = 0; target !== undefined; pages++) {
    const page = await getPage(place, { target, subject, pages, accept: [200, 404] });
    if (!page.found && pages === 0) return { referrers: await referrersByTag(digest, place), api: false };
    if (!page.found) break;
    const wanted = manifestsOf(page.answer, subject).filter((it) => page.filtered || hasType(it, artifactType));
    all.push(...wanted);
    if (all.length > LIMITS.descriptors) throw endless(subject);
    target = page.next;
  }
  return { referrers: all, api: true };
}

async function referrersByTag(
  digest: Digest,
  place: ManifestPlace & { readonly artifactType?: string },
): Promise<Descriptor[]> {
  const index = await taggedReferrers(digest, place);
  if (index === undefined) return [];
  return manifestsOf(index, `referrers of ${place.name}@${digest}`).filter((it) => hasType(it, place.artifactType));
}

/** The index under the tag that stands in for the referrers API (OCI distribution spec "Referrers Tag Schema"). */
async function taggedReferrers(digest: Digest, place: ManifestPlace): Promise<unknown> {
  try {
    const { content } = await getManifest(referrersTag(digest), place);
    return JSON.parse(Buffer.from(content).toString('utf8'));
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/**
 * Adds a manifest to the list of its subject's referrers, for a registry that does not keep one by itself (OCI distribution
 * spec "Pushing Manifests with Subject").
 */
export async function addReferrerTag(
  { descriptor, content }: ManifestContent,
  subject: Descriptor,
  place: ManifestPlace,
): Promise<void> {
  const found = await taggedReferrers(subject.digest, place);
  const listed = found === undefined ? [] : manifestsOf(found, `referrers of ${place.name}@${subject.digest}`);
  if (listed.some(({ digest }) => digest === descriptor.digest)) return;
  const node = parseManifestOrIndex(content, descriptor);
  const { annotations } = node.kind === 'index' ? node.index : node.manifest;
  const artifactType =
    node.kind === 'index' ? node.index.artifactType : (node.manifest.artifactType ?? node.manifest.config.mediaType);
  const { mediaType, digest, size } = descriptor;
  const entry: Descriptor = {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  const index = encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [...listed, entry] });
  const made = { descriptor: descriptorOf(index, { mediaType: MEDIA_TYPE.ociIndex }), content: index };
  await putManifest(referrersTag(subject.digest), made, place);
}

function referrersTag(digest: Digest): string {
  return `${digest.slice(0, digest.indexOf(':'))}-${hexOf(digest)}`.slice(0, 128);
}

function manifestsOf(index: unknown, subject: string): Descriptor[] {
  const manifests = typeof index === 'object' && index !== null && 'manifests' in index ? index.manifests : undefined;
  // Some registries write an empty list so.
  if (manifests === null) return [];
  if (!Array.isArray(manifests)) {
    throw new RegistryFailure('REGISTRY_ERROR', `${subject}: the registry answers something that is no index`);
  }
  return manifests.filter(isDescriptor);
}

function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== 'object' || value === null) return false;
  const { mediaType, digest, size } = { mediaType: undefined, digest: undefined, size: undefined, ...value };
  return typeof mediaType === 'string' && typeof digest === 'string' && isDigest(digest) && typeof size === 'number';
}

function hasType(descriptor: Descriptor, artifactType: string | undefined): boolean {
  return artifactType === undefined || descriptor.artifactType === artifactType;
}
