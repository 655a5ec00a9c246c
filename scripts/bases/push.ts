import { readLayoutBlob } from './layout.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';

interface ManifestLike {
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

/**
 * Uploads an image index from an OCI layout, with all below it, to a plain-http registry without
 * authentication (OCI distribution spec, "Pushing blobs", POST then PUT). What is there already is not sent.
 */
export async function pushLayout(
  layout: string,
  options: { root: Descriptor; host: string; repository: string; tag: string },
): Promise<void> {
  const base = `http://${options.host}/v2/${options.repository}`;
  await pushManifest(options.root, options.tag);

  async function pushManifest(descriptor: Descriptor, reference: string): Promise<void> {
    const held = await fetch(`${base}/manifests/${reference}`, {
      method: 'HEAD',
      headers: { accept: descriptor.mediaType },
    });
    if (held.ok && held.headers.get('docker-content-digest') === descriptor.digest) return;
    const bytes = readLayoutBlob(layout, descriptor.digest);
    // A manifest or index of our own making.
    const content = JSON.parse(bytes.toString()) as ManifestLike;
    for (const child of content.manifests ?? []) await pushManifest(child, child.digest);
    for (const blob of [...(content.config === undefined ? [] : [content.config]), ...(content.layers ?? [])])
      await pushBlob(blob);
    await expectStatus(
      await fetch(`${base}/manifests/${reference}`, {
        method: 'PUT',
        headers: { 'content-type': descriptor.mediaType },
        body: bytes,
      }),
      201,
    );
  }

  async function pushBlob(descriptor: Descriptor): Promise<void> {
    const held = await fetch(`${base}/blobs/${descriptor.digest}`, { method: 'HEAD' });
    if (held.ok) return;
    const started = await expectStatus(await fetch(`${base}/blobs/uploads/`, { method: 'POST' }), 202);
    const place = new URL(started.headers.get('location') ?? '', base);
    place.searchParams.set('digest', descriptor.digest);
    const body = readLayoutBlob(layout, descriptor.digest);
    const headers = { 'content-type': 'application/octet-stream' };
    await expectStatus(await fetch(place, { method: 'PUT', headers, body }), 201);
  }
}

async function expectStatus(response: Response, status: number): Promise<Response> {
  if (response.status === status) return response;
  throw new Error(`${response.url}: ${response.status} ${(await response.text()).slice(0, 500)}`);
}
