import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** Images put together by hand, to be as wrong as a test wants them. */

const ACCEPT = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string };
}

/** A layer by its blob and the diffID that the config shall name. */
export interface HandMadeLayer {
  readonly blob: Buffer;
  readonly diffId: string;
}

export function layer(tar: Buffer, diffId = sha256(tar)): HandMadeLayer {
  return { blob: gzipSync(tar), diffId };
}

/** The layers of an image's linux/amd64 in a plain-HTTP registry. */
export async function layersOf(host: string, repository: string): Promise<HandMadeLayer[]> {
  const get = async (path: string) => {
    const response = await fetch(`http://${host}/v2/${repository}/${path}`, { headers: { accept: ACCEPT } });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  };
  const index = JSON.parse((await get('manifests/latest')).toString()) as { manifests: Descriptor[] };
  const own = index.manifests.find(({ platform }) => platform?.architecture === 'amd64');
  const manifest = JSON.parse((await get(`manifests/${own?.digest}`)).toString()) as {
    config: Descriptor;
    layers: Descriptor[];
  };
  const config = JSON.parse((await get(`blobs/${manifest.config.digest}`)).toString()) as {
    rootfs: { diff_ids: string[] };
  };
  return Promise.all(
    manifest.layers.map(async ({ digest }, i) => ({
      blob: await get(`blobs/${digest}`),
      diffId: config.rootfs.diff_ids[i] ?? '',
    })),
  );
}

/** Pushes a linux/amd64 image as it is, without any check; gives its reference. */
export async function pushByHand(host: string, name: string, layers: readonly HandMadeLayer[]): Promise<string> {
  const put = async (bytes: Buffer): Promise<Descriptor> => {
    const digest = sha256(bytes);
    const started = await fetch(`http://${host}/v2/${name}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(started.headers.get('location') ?? '', `http://${host}`);
    location.searchParams.set('digest', digest);
    const ended = await fetch(location, {
      method: 'PUT',
      body: new Uint8Array(bytes),
      headers: { 'content-type': 'application/octet-stream' },
    });
    if (ended.status !== 201) throw new Error(`blob: ${ended.status}`);
    return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: bytes.length };
  };
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      ...(await put(Buffer.from(JSON.stringify(config)))),
      mediaType: 'application/vnd.oci.image.config.v1+json',
    },
    layers: await Promise.all(layers.map(({ blob }) => put(blob))),
  };
  const response = await fetch(`http://${host}/v2/${name}/manifests/latest`, {
    method: 'PUT',
    body: JSON.stringify(manifest),
    headers: { 'content-type': manifest.mediaType },
  });
  if (response.status !== 201) throw new Error(`manifest: ${response.status} ${await response.text()}`);
  return `${host}/${name}`;
}
