import { fetchBytes } from '../content/fetch-bytes.ts';
import type { Abortable, Fetcher } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseManifest } from '../oci/manifest.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { isAttestation } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';

/** What BuildKit's attestations say of one image (buildx's shape of `.Provenance` and `.SBOM`). */
export interface Attestations {
  readonly provenance?: { readonly SLSA: unknown };
  readonly sbom?: { readonly SPDX: unknown; readonly AdditionalSPDXs?: readonly unknown[] };
}

/** The largest SBOM that is read, in bytes. */
const MAX_STATEMENT = 256 * 1024 * 1024;

/** The attestations in an index that belong to an image: their in-toto statements' predicates. */
export async function attestationsOf(
  image: Descriptor,
  entries: readonly Descriptor[],
  { source, signal }: { readonly source: Fetcher } & Abortable,
): Promise<Attestations> {
  const own = entries.filter(
    (entry) => isAttestation(entry) && entry.annotations?.['vnd.docker.reference.digest'] === image.digest,
  );
  const manifests = await Promise.all(
    own.map(async (entry) => parseManifest(await fetchBytes(source, entry, { signal }), entry)),
  );
  const statements = manifests.flatMap(({ layers }) => layers.filter(({ mediaType }) => isStatement(mediaType)));
  const ofType = (wanted: (type: string) => boolean): Promise<readonly unknown[]> =>
    Promise.all(
      statements
        .filter(({ annotations }) => wanted(annotations?.['in-toto.io/predicate-type'] ?? ''))
        .map((layer) => predicateOf(layer, { source, signal })),
    );
  const provenance = await ofType((type) => type.startsWith('https://slsa.dev/provenance/'));
  const [spdx, ...more] = await ofType((type) => type === 'https://spdx.dev/Document');
  return {
    ...(provenance.length === 0 ? {} : { provenance: { SLSA: provenance[0] } }),
    ...(spdx === undefined ? {} : { sbom: { SPDX: spdx, ...(more.length === 0 ? {} : { AdditionalSPDXs: more }) } }),
  };
}

const DSSE = /^application\/vnd\.in-toto\..*\+dsse$/;

function isStatement(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.inToto || DSSE.test(mediaType);
}

async function predicateOf(
  layer: Descriptor,
  { source, signal }: { readonly source: Fetcher } & Abortable,
): Promise<unknown> {
  const bytes = await fetchBytes(source, layer, { maxBytes: MAX_STATEMENT, signal });
  const value = asObject(bytes, layer);
  const payload = value['payload'];
  const statement = DSSE.test(layer.mediaType) ? asObject(Buffer.from(String(payload), 'base64'), layer) : value;
  return statement['predicate'];
}

function asObject(bytes: Uint8Array, layer: Descriptor): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw notStatement(layer, error);
  }
  if (typeof value !== 'object' || value === null) throw notStatement(layer, undefined);
  return { ...value };
}

function notStatement({ digest, mediaType }: Descriptor, cause: unknown): PolyarchError {
  return new PolyarchError('MANIFEST_INVALID', `attestation ${digest} (${mediaType}) is no in-toto statement`, {
    cause,
    hint: 'build the image again',
  });
}
