import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { packId, packMap, packTar, unpackPack } from '../accel/pack-files.ts';
import { isPackRecord, type PackRecord } from '../accel/pack-record.ts';
import type { PackStore } from '../accel/pack-store.ts';
import { compressLayer } from '../archive/compress-layer.ts';
import { DiskStore } from '../content/blob-store.ts';
import type { CopyProgress } from '../content/copy-graph.ts';
import { fetchBytes } from '../content/fetch-bytes.ts';
import { fetchInto } from '../content/fetch-into.ts';
import type { Fetcher } from '../content/storage.ts';
import { hostArchitecture } from '../emulation/native.ts';
import { pushGraph } from '../exporter/push-image.ts';
import { type Descriptor, descriptorOf } from '../oci/descriptor.ts';
import { parseIndex } from '../oci/index.ts';
import { encodeJson } from '../oci/json.ts';
import { parseManifest } from '../oci/manifest.ts';
import { isIndex, MEDIA_TYPE } from '../oci/media-types.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { isRecord, parseObject } from '../oci/shape.ts';
import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { packStore } from './accel.ts';
import type { Workspace } from './workspace.ts';

/*
 * Packs in a registry: an index with a manifest for each. The manifest's artifactType is PACK, its config is the pack's
 * record with the requests that it answers, its one layer is the pack's files.
 */
const PACK = 'application/vnd.polyarch.accel.pack.v1';
const CONFIG = `${PACK}+json`;

export interface ShareOptions {
  readonly onProgress?: (event: CopyProgress) => void;
  readonly signal?: AbortSignal;
}

/** Pushes packs to a repository; gives the index's descriptor. The tag is set last. */
export async function pushPacks(
  workspace: Workspace,
  { reference, packs }: { readonly reference: string; readonly packs: readonly PackRecord[] },
  options: ShareOptions = {},
): Promise<Descriptor> {
  const store = packStore(workspace.engine.paths.home);
  const { temporary } = workspace.engine.paths;
  mkdirSync(temporary, { recursive: true });
  const folder = mkdtempSync(join(temporary, 'packs-'));
  try {
    const blobs = new DiskStore(folder);
    const manifests: Descriptor[] = [];
    for (const pack of packs) manifests.push(await addPack(pack, { blobs, store, ...options }));
    const index = encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, artifactType: PACK, manifests });
    const root = descriptorOf(index, { mediaType: MEDIA_TYPE.ociIndex });
    await blobs.push(root, index);
    await pushGraph(
      { source: blobs, root },
      [reference],
      { byDigest: false, insecure: false, origins: () => [], ...progressOf(options) },
      { registry: (registry) => workspace.registry(registry), step: (_name, body) => body(), signal: options.signal },
    );
    return root;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function progressOf({ onProgress }: ShareOptions): Pick<ShareOptions, 'onProgress'> {
  return onProgress === undefined ? {} : { onProgress };
}

async function addPack(
  pack: PackRecord,
  { blobs, store, signal }: { readonly blobs: DiskStore; readonly store: PackStore; readonly signal?: AbortSignal },
): Promise<Descriptor> {
  const abortable = signal === undefined ? {} : { signal };
  using ingest = blobs.createIngest();
  const packed = compressLayer(packTar(store.root(pack.id), abortable), { type: 'zstd', level: 9, ...abortable });
  await pipeline(packed.blob, createWriteStream(ingest.path, { flags: 'wx' }), abortable);
  const { digest, size, mediaType } = packed.digests();
  ingest.commit(digest, size);
  const config = encodeJson({ ...pack, requests: store.requestsOf(pack.id) });
  const configDescriptor = descriptorOf(config, { mediaType: CONFIG });
  await blobs.push(configDescriptor, config);
  const manifest = encodeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    artifactType: PACK,
    config: configDescriptor,
    layers: [{ mediaType, digest, size }],
  });
  const descriptor = descriptorOf(manifest, { mediaType: MEDIA_TYPE.ociManifest, artifactType: PACK });
  await blobs.push(descriptor, manifest);
  return descriptor;
}

/**
 * Fetches the packs of a reference that are for this machine's architecture; from then on they answer here what they
 * answered where they were made. Each must be what its id says. Fails with ACCEL_UNAVAILABLE when there is none.
 */
export async function pullPacks(
  workspace: Workspace,
  text: string,
  options: ShareOptions & { readonly notice: (text: string) => void },
): Promise<readonly PackRecord[]> {
  const abortable = options.signal === undefined ? {} : { signal: options.signal };
  const reference = parseReference(text);
  const name = formatReference(reference);
  const source = (await workspace.registry()).repository(reference);
  const root = await source.resolve(reference.digest ?? reference.tag ?? 'latest', abortable);
  const store = packStore(workspace.engine.paths.home);
  const native = hostArchitecture();
  const pulled: PackRecord[] = [];
  for (const descriptor of await packManifests(source, root, abortable)) {
    const { config, layers } = parseManifest(await fetchBytes(source, descriptor, abortable), descriptor);
    const [layer] = layers;
    const { pack, requests } = readConfig(await fetchBytes(source, config, abortable), name);
    if (layer === undefined || pack.native !== native) {
      options.notice(`${name}: a pack for ${pack.native} machines is passed over`);
      continue;
    }
    if (!store.isWhole(pack.id)) await takePack(pack, { store, source, layer, ...options, name });
    store.answerWith(pack.id, requests);
    pulled.push(pack);
  }
  if (pulled.length > 0) return pulled;
  throw new PolyarchError('ACCEL_UNAVAILABLE', `${name} has no pack of native tools for ${native}`, {
    hint: 'polyarch accel push writes such images',
  });
}

async function packManifests(
  source: Fetcher,
  root: Descriptor,
  options: { readonly signal?: AbortSignal },
): Promise<readonly Descriptor[]> {
  if (!isIndex(root.mediaType)) return [];
  const index = parseIndex(await fetchBytes(source, root, options), root);
  return index.manifests.filter(({ artifactType }) => artifactType === PACK);
}

function readConfig(bytes: Uint8Array, name: string): { pack: PackRecord; requests: readonly string[] } {
  const kind = { name: `the pack of ${name}`, code: 'MANIFEST_INVALID', maxBytes: LIMITS.jsonBytes };
  const { requests, ...pack } = parseObject(bytes, kind);
  if (isRecord(pack) && isPackRecord(pack) && Array.isArray(requests)) {
    return { pack, requests: requests.filter((one) => typeof one === 'string') };
  }
  throw new PolyarchError('MANIFEST_INVALID', `${kind.name} has no valid record`, {
    hint: 'push it again, with the same version of polyarch',
  });
}

async function takePack(
  pack: PackRecord,
  {
    store,
    source,
    layer,
    name,
    onProgress,
    signal,
  }: ShareOptions & {
    readonly store: PackStore;
    readonly source: Fetcher;
    readonly layer: Descriptor;
    readonly name: string;
  },
): Promise<void> {
  using draft = store.draft();
  const abortable = signal === undefined ? {} : { signal };
  onProgress?.({ kind: 'start', descriptor: layer, bytes: 0 });
  await fetchInto(source, layer, (content) => unpackPack(content, draft.root, { name, ...abortable }), abortable);
  onProgress?.({ kind: 'done', descriptor: layer, bytes: layer.size });
  if (packId(draft.root) !== pack.id || packMap(draft.root) === undefined) {
    throw new PolyarchError('DIGEST_MISMATCH', `the pack ${pack.id} of ${name} has other content than its id says`);
  }
  // One that was there is damaged.
  store.remove(pack.id);
  draft.keep(pack);
}
