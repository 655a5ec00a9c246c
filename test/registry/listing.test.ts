import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { descriptorOf, type Descriptor } from '../../src/oci/descriptor.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { RegistryClient } from '../../src/registry/client.ts';
import type { Repository } from '../../src/registry/repository.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { registryMissing, startRegistry, type TestRegistry } from '../support/registry.ts';

const missing = registryMissing();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const content = Buffer.from('content');
const blob = descriptorOf(content, { mediaType: 'application/octet-stream' });
const asJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const answer = (manifests: unknown, link?: string) => ({
  kind: 'answer' as const,
  status: 200,
  headers: { 'content-type': MEDIA_TYPE.ociIndex, ...(link === undefined ? {} : { link }) },
  body: JSON.stringify({ schemaVersion: 2, manifests }),
});

describe.skipIf(missing !== undefined)('listings', () => {
  let registry: TestRegistry;
  let proxy: FaultProxy;
  let client: RegistryClient;
  let repository: Repository;
  let image: Descriptor;

  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await startFaultProxy(registry.host);
    client = new RegistryClient({ retry: { delay: 1 } });
    repository = client.repository(`${proxy.host}/${randomUUID()}`, { actions: ['pull', 'push'] });
    await repository.push(blob, content);
    const manifest = asJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config: blob, layers: [] });
    image = descriptorOf(manifest, { mediaType: MEDIA_TYPE.ociManifest });
    for (let tag = 0; tag < 25; tag++)
      await repository.pushManifest({ descriptor: image, content: manifest }, `t${tag}`);
  });
  afterAll(async () => {
    client.close();
    await proxy.close();
    await registry.close();
  });

  test('tags come page by page', async () => {
    const answers = [
      { tags: ['a', 'b'], next: `tags/list?n=2&last=b` },
      { tags: ['c', 'not a tag'], next: undefined },
    ];
    for (const { tags, next } of answers) {
      const link: Record<string, string> =
        next === undefined ? {} : { link: `</v2/${repository.path}/${next}>; rel="next"` };
      const headers = { 'content-type': 'application/json', ...link };
      proxy.inject(/tags\/list/, { kind: 'answer', status: 200, headers, body: JSON.stringify({ tags }) });
    }
    expect(await all(repository.tags({ pageSize: 2 }))).toEqual(['a', 'b', 'c']);
    expect(proxy.count(/tags\/list\?n=2&last=b/)).toBe(1);
  });

  test('all tags of the registry are listed, one page being enough when asked for no more', async () => {
    const tags = await all(repository.tags());
    expect(tags).toHaveLength(25);
    const before = proxy.count(/tags\/list/);
    for await (const _ of repository.tags()) break;
    expect(proxy.count(/tags\/list/)).toBe(before + 1);
  });

  test('a listing that points at itself or elsewhere ends', async () => {
    for (const link of [
      `</v2/${repository.path}/tags/list?n=1000>; rel="next"`,
      '<http://elsewhere.invalid/>; rel="next"',
    ]) {
      proxy.inject(/tags\/list/, {
        kind: 'answer',
        status: 200,
        headers: { 'content-type': 'application/json', link },
        body: '{"tags":["a"]}',
      });
      expect(await all(repository.tags())).toEqual(['a']);
    }
  });

  test('tags are read whatever media type the answer says; what is no list of tags is REGISTRY_ERROR', async () => {
    const answering = (body: string) =>
      proxy.inject(/tags\/list/, { kind: 'answer', status: 200, headers: { 'content-type': 'text/plain' }, body });
    answering('{"tags":["a"]}');
    expect(await all(repository.tags())).toEqual(['a']);
    answering('{"name":"x","tags":null}');
    expect(await all(repository.tags())).toEqual([]);
    for (const body of ['<html>', '[]', '{"tags":"a"}']) {
      answering(body);
      await expect(all(repository.tags())).rejects.toMatchObject({ code: 'REGISTRY_ERROR' });
    }
  });

  test('a repository that is not there is NOT_FOUND', async () => {
    await expect(all(client.repository(`${proxy.host}/none`).tags())).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('referrers: none, then those that were pushed, kept under a tag where the registry has no API', async () => {
    expect(await repository.referrers(image.digest)).toEqual([]);
    const referrer = asJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      artifactType: 'application/x.test',
      config: blob,
      layers: [],
      subject: image,
    });
    const descriptor = descriptorOf(referrer, { mediaType: MEDIA_TYPE.ociManifest });
    await repository.push(descriptor, referrer);
    const entry = { ...descriptor, artifactType: 'application/x.test' };
    expect(await repository.referrers(image.digest)).toEqual([entry]);
    expect(await repository.referrers(image.digest, { artifactType: 'application/x.test' })).toEqual([entry]);
    expect(await repository.referrers(image.digest, { artifactType: 'other' })).toEqual([]);
  });

  test('referrers: the API is paged, and filtered here where the registry does not', async () => {
    const entries = ['one', 'two'].map((type) => ({ ...image, artifactType: type }));
    const other = client.repository(repository.name);
    const path = `/v2/${other.path}/referrers/${image.digest}`;
    proxy.inject(/referrers/, answer([entries[0]], `<${path}?page=2>; rel="next"`));
    proxy.inject(/referrers/, answer([entries[1]]));
    expect(await other.referrers(image.digest, { artifactType: 'two' })).toEqual([entries[1]]);
  });

  test('referrers: none, as null and as a page that is no index', async () => {
    const other = client.repository(repository.name);
    const headers = { 'content-type': MEDIA_TYPE.ociIndex };
    proxy.inject(/referrers/, { kind: 'answer', status: 200, headers, body: '{"manifests":null}' });
    expect(await other.referrers(image.digest)).toEqual([]);
    proxy.inject(/referrers/, {
      kind: 'answer',
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html>',
    });
    proxy.inject(/manifests\/sha256-/, { kind: 'answer', status: 404 });
    expect(await other.referrers(image.digest)).toEqual([]);
  });

  test('a manifest and a blob are deleted', async () => {
    const other = client.repository(`${proxy.host}/${randomUUID()}`, { actions: ['pull', 'push', 'delete'] });
    await other.push(blob, content);
    await other.deleteBlob(blob);
    expect(await other.exists(blob)).toBe(false);
    await other.push(blob, content);
    const manifest = asJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config: blob, layers: [] });
    const descriptor = descriptorOf(manifest, { mediaType: MEDIA_TYPE.ociManifest });
    await other.pushManifest({ descriptor, content: manifest }, 'gone');
    await other.deleteManifest(descriptor.digest);
    await expect(other.resolve('gone')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
