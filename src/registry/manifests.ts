import { descriptorOf, type Descriptor } from '../oci/descriptor.ts';
import { isDigest, parseDigest, type Digest } from '../oci/digest.ts';
import { parseManifestOrIndex } from '../oci/manifest.ts';
import { isIndex, isManifest, isSchema1, MANIFEST_ACCEPT, MEDIA_TYPE } from '../oci/media-types.ts';
import { verifyBytes } from '../oci/verify.ts';
import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { readBody, statusOnly } from './answer.ts';
import type { HttpResponse } from './connections.ts';
import { RegistryFailure } from './failure.ts';
import { repositoryScope, type Scope } from './scope.ts';
import type { RegistrySession } from './session.ts';

/** Where a manifest request goes and what it is called. */
export interface ManifestPlace {
  readonly session: RegistrySession;
  /** Path in the registry. */
  readonly repository: string;
  /** For messages: `docker.io/library/busybox`. */
  readonly name: string;
  /** More scopes for one token to serve a whole job. */
  readonly scopes: readonly Scope[];
  readonly signal?: AbortSignal;
}

/** A manifest's descriptor with its bytes. */
export interface ManifestContent {
  readonly descriptor: Descriptor;
  readonly content: Uint8Array;
}

/** Blobs and manifests live at different addresses; these media types are manifests. */
export function isManifestType(mediaType: string): boolean {
  return isIndex(mediaType) || isManifest(mediaType) || isSchema1(mediaType) || mediaType === ARTIFACT_MANIFEST;
}

/** The artifact manifest that OCI image spec 1.1 withdrew; some registries hold them. */
const ARTIFACT_MANIFEST = 'application/vnd.oci.artifact.manifest.v1+json';

const ACCEPT = [...MANIFEST_ACCEPT, ARTIFACT_MANIFEST, '*/*;q=0.1'].join(', ');

/** The name of a manifest in messages and its subject. */
export function manifestSubject(name: string, reference: string): string {
  return isDigest(reference) ? `manifest ${name}@${reference}` : `manifest ${name}:${reference}`;
}

/**
 * The descriptor of a tag or digest by HEAD (OCI distribution spec "Checking if content exists"); by GET where
 * the answer lacks a digest, a length or a media type.
 */
export async function headManifest(
  reference: string,
  place: ManifestPlace & {
    readonly capability?: 'pull' | 'push';
    /** Given the manifest when it had to be fetched. */
    readonly onFetched?: (manifest: ManifestContent) => void;
  },
): Promise<Descriptor> {
  const found = await place.session.call<Descriptor | undefined>({
    ...common(reference, place),
    method: 'HEAD',
    capability: place.capability ?? 'pull',
    accept: [200, 400, 405, 406, 501],
    read: async (response) => {
      await statusOnly(response);
      return response.status === 200 ? descriptorFromHeaders(response, reference) : undefined;
    },
  });
  if (found !== undefined) return found;
  const fetched = await getManifest(reference, place);
  place.onFetched?.(fetched);
  return fetched.descriptor;
}

/** A manifest by tag or digest, with its bytes; a digest asked for, or promised by the registry, is verified. */
export function getManifest(
  reference: string,
  place: ManifestPlace & { readonly capability?: 'pull' | 'push'; readonly expected?: Descriptor },
): Promise<ManifestContent> {
  const { expected } = place;
  return place.session.call<ManifestContent>({
    ...common(reference, place),
    method: 'GET',
    capability: place.capability ?? 'pull',
    accept: [200],
    read: async (response, { endpoint: { host } }) => {
      const subject = manifestSubject(place.name, reference);
      const declared = Number(response.headers['content-length'] ?? 0);
      if (expected !== undefined && declared > expected.size) throw sizeMismatch(expected, { subject, host, declared });
      const content = await readBody(response, LIMITS.manifestBytes);
      const promised = promisedDigest(response, reference);
      const bare = { mediaType: mediaTypeOf(response, content, subject), size: content.length };
      const descriptor = expected ?? { ...bare, digest: promised ?? descriptorOf(content, bare).digest };
      try {
        verifyBytes(content, descriptor);
      } catch (error) {
        if (!(error instanceof PolyarchError)) throw error;
        throw new PolyarchError(error.code, `${subject} from ${host}: ${error.message}`, {
          cause: error,
          details: { ...error.details, host },
        });
      }
      return { descriptor, content };
    },
  });
}

/** What became of a manifest's subject. */
export interface PutManifest {
  readonly subject: Descriptor | undefined;
  /** Whether the registry lists it with the subject's referrers by itself (`OCI-Subject`). */
  readonly listed: boolean;
}

/** Puts a manifest under a tag or its digest; fails with DIGEST_MISMATCH when the registry says it stored another. */
export async function putManifest(
  reference: string,
  { descriptor, content }: ManifestContent,
  place: ManifestPlace,
): Promise<PutManifest> {
  const listed = await place.session.call<boolean>({
    ...common(reference, place, 'push'),
    method: 'PUT',
    capability: 'push',
    headers: { 'content-type': descriptor.mediaType },
    body: content,
    accept: [200, 201, 202],
    read: async (response, { endpoint: { host } }) => {
      await statusOnly(response);
      const stored = response.headers['docker-content-digest'];
      if (
        typeof stored === 'string' &&
        isDigest(stored) &&
        sameAlgorithm(stored, descriptor.digest) &&
        stored !== descriptor.digest
      ) {
        throw new RegistryFailure(
          'DIGEST_MISMATCH',
          `${manifestSubject(place.name, reference)}: ${host} stored ${stored}, not ${descriptor.digest}`,
          { hint: 'The registry, or something between, changes content.' },
        );
      }
      return response.headers['oci-subject'] !== undefined;
    },
  });
  return { subject: subjectOf(descriptor, content), listed };
}

/** The subject of a manifest; undefined for what is no manifest of this day. */
function subjectOf(descriptor: Descriptor, content: Uint8Array): Descriptor | undefined {
  if (!isIndex(descriptor.mediaType) && !isManifest(descriptor.mediaType)) return undefined;
  if (!Buffer.from(content.buffer, content.byteOffset, content.byteLength).includes('"subject"')) return undefined;
  const node = parseManifestOrIndex(content, descriptor);
  return (node.kind === 'index' ? node.index : node.manifest).subject;
}

/** Deletes a manifest by digest, or a tag where the registry can (OCI distribution spec "Content Management"). */
export async function deleteManifest(reference: string, place: ManifestPlace): Promise<void> {
  await place.session.call({
    ...common(reference, place, 'delete'),
    method: 'DELETE',
    capability: 'push',
    accept: [200, 202, 204],
    read: statusOnly,
  });
}

function common(reference: string, place: ManifestPlace, action: 'pull' | 'push' | 'delete' = 'pull') {
  const actions = action === 'push' ? (['pull', 'push'] as const) : ([action] as const);
  return {
    repository: place.repository,
    target: `/manifests/${reference}`,
    subject: manifestSubject(place.name, reference),
    scopes: [repositoryScope(place.repository, ...actions), ...place.scopes],
    headers: { accept: ACCEPT },
    ...(isDigest(reference) ? { digest: reference } : {}),
    signal: place.signal,
  };
}

/** The digest that the question or the answer's Docker-Content-Digest promises. */
function promisedDigest(response: HttpResponse, reference: string): Digest | undefined {
  if (isDigest(reference)) return reference;
  const header = response.headers['docker-content-digest'];
  return typeof header === 'string' && header !== '' ? parseDigest(header) : undefined;
}

function descriptorFromHeaders(response: HttpResponse, reference: string): Descriptor | undefined {
  const { 'content-type': type, 'content-length': length } = response.headers;
  const digest = promisedDigest(response, reference);
  const mediaType = bareType(type);
  if (digest === undefined || length === undefined || mediaType === undefined || !isManifestType(mediaType))
    return undefined;
  return { mediaType, digest, size: Number(length) };
}

function bareType(type: string | undefined): string | undefined {
  return type?.split(';', 1)[0]?.trim().toLowerCase();
}

/** The media type of the answer, or the one the manifest itself names where a server only says JSON. */
function mediaTypeOf(response: HttpResponse, content: Uint8Array, subject: string): string {
  const header = bareType(response.headers['content-type']);
  if (header !== undefined && isManifestType(header)) return header;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    throw new RegistryFailure(
      'REGISTRY_ERROR',
      `${subject}: ${response.url.host} answers something that is no manifest`,
      {
        hint: 'Something else than a registry may be answering there (a proxy, a log-in page).',
      },
    );
  }
  if (typeof parsed === 'object' && parsed !== null) {
    if ('mediaType' in parsed && typeof parsed.mediaType === 'string') return parsed.mediaType;
    if ('manifests' in parsed) return MEDIA_TYPE.ociIndex;
    if ('fsLayers' in parsed) return MEDIA_TYPE.dockerSchema1Signed;
    if ('layers' in parsed) return MEDIA_TYPE.ociManifest;
  }
  throw new RegistryFailure(
    'REGISTRY_ERROR',
    `${subject}: ${response.url.host} answers ${header ?? 'no media type'}, which is no manifest`,
  );
}

function sameAlgorithm(a: string, b: string): boolean {
  return a.split(':', 1)[0] === b.split(':', 1)[0];
}

function sizeMismatch(
  expected: Descriptor,
  { subject, host, declared }: { subject: string; host: string; declared: number },
): RegistryFailure {
  return new RegistryFailure(
    'SIZE_MISMATCH',
    `${subject} from ${host} has ${declared} bytes, its descriptor says ${expected.size}`,
  );
}
